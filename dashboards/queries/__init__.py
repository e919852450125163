"""Owns every SQL statement of the dashboards and knows which page asks which."""

from dashboards.queries import data_quality, fraud_desk, home, inventory, revenue, shared
from dashboards.queries.query import Query

PAGES: dict[str, tuple[Query, ...]] = {
    "home": (
        shared.CURRENCIES,
        home.BOOKINGS,
        home.PAYMENTS,
        home.LOAD,
        home.SIGNALS,
        home.TREND,
        shared.RECONCILIATION_STATE,
    ),
    "revenue": (
        shared.CURRENCIES,
        revenue.ROUTES,
        revenue.TOTALS,
        revenue.COUPONS,
        revenue.BY_DAY,
        revenue.FIRST_DAY,
        revenue.BY_ROUTE,
        revenue.BY_CABIN,
    ),
    "inventory": (
        inventory.ROUTES,
        inventory.DAYS,
        inventory.TOTALS,
        inventory.BY_DAY,
        inventory.BY_DEPARTURE,
    ),
    "fraud_desk": (
        fraud_desk.SIGNAL_HISTORY,
        fraud_desk.RECENT_SIGNALS,
        fraud_desk.DECISIONS,
        fraud_desk.STOPPED,
        fraud_desk.LIVE_SIGNALS,
        fraud_desk.LIVE_SCORES,
        fraud_desk.LIVE_COUNTS,
    ),
    "data_quality": (
        data_quality.TABLE_FRESHNESS,
        data_quality.RECONCILIATION,
        data_quality.LOADS,
        data_quality.LOADS_BY_HOUR,
        data_quality.QUARANTINE,
        shared.RECONCILIATION_STATE,
    ),
}


def _relations(page: str, *, live: bool) -> frozenset[str]:
    read = frozenset[str]().union(*(query.relations for query in PAGES[page]))
    return frozenset(name for name in read if name.startswith("live.") is live)


# What each page reads of the published marts, e.g. "marts.fct_booking": its exposure lists the same.
PAGE_RELATIONS = {page: _relations(page, live=False) for page in PAGES}
# What it reads of the core's live tables; these are no models and so in no exposure.
PAGE_LIVE_TABLES = {page: _relations(page, live=True) for page in PAGES}

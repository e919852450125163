"""Exchange rates by day: kept in the process for a while, loaded from the bank's file by a chore."""

import time
from datetime import date, timedelta
from decimal import Decimal

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.pricing.fx import ecb, rules, store
from app.pricing.fx.errors import CurrencyUnavailable
from app.pricing.fx.schemas import Exchange, FxRatesView, FxRateView

# A year and some weeks: bookings are converted back at the rate of the day they were made.
LOADED_DAYS = 400
# Some 1,500 rates: half a second of one statement.
DAYS_PER_CALL = 70
CACHE_SECONDS = 60
# A day's rates are some thirty figures; searches of a played history ask for many days.
CACHED_DAYS = 500

_days: dict[date, tuple[float, date, dict[str, Decimal]]] = {}


async def get_exchange(session: AsyncSession, base: str, currency: str, day: date) -> Exchange:
    """How to convert on a day, by the newest rate up to it. Raises CurrencyUnavailable."""
    as_of, rates = await _rates(session, day)
    rate = rules.cross_rate(rates, base, currency)
    if rate is None:
        raise CurrencyUnavailable(f"no rate of {base} to {currency} is known for {day}", pointer="/currency")
    return Exchange(base, currency, rate, as_of, ecb.SOURCE)


def convert(money: Money, exchange: Exchange) -> Money:
    """An amount in the other currency, half up to its minor unit."""
    if money.currency != exchange.base_currency:
        raise ValueError(f"{money.currency} is not {exchange.base_currency}")
    return Money(amount_minor=rules.convert(money.amount_minor, exchange), currency=exchange.currency)


async def list_rates(session: AsyncSession, base: str, day: date) -> FxRatesView:
    """Every rate of a day against one base. Raises CurrencyUnavailable."""
    as_of, known = await _rates(session, day)
    rates = {currency: rules.cross_rate(known, base, currency) for currency in sorted({"EUR", *known})}
    if rates.get(base) is None:
        raise CurrencyUnavailable(f"no rate of {base} is known for {day}", pointer="/(query)/base")
    return FxRatesView(
        base_currency=base,
        as_of=as_of,
        source=ecb.SOURCE,
        rates=[
            FxRateView(currency=currency, rate=rate, minor_units=rules.minor_units(currency))
            for currency, rate in rates.items()
            if rate is not None
        ],
    )


async def load_rates(session: AsyncSession) -> int:
    """Write some weeks of the bank's rates of the last LOADED_DAYS, the oldest missing first; how many.

    0 means that nothing is left."""
    newest = await store.find_newest_day(session)
    oldest_wanted = await to_thread.run_sync(ecb.newest_day) - timedelta(days=LOADED_DAYS)
    after = max(newest or oldest_wanted, oldest_wanted)
    found = await to_thread.run_sync(lambda: list(ecb.rates_after(after, DAYS_PER_CALL)))
    if not found:
        return 0
    rows = [
        {"rate_date": day.isoformat(), "currency": currency, "rate": str(rate)}
        for day, currency, rate in found
    ]
    return await store.insert_rates(session, rows, ecb.SOURCE)


async def _rates(session: AsyncSession, day: date) -> tuple[date, dict[str, Decimal]]:
    """(the day they are of, units for one euro). Without any the euro alone is known."""
    asked_at = time.monotonic()
    kept = _days.get(day)
    if kept is not None and asked_at - kept[0] < CACHE_SECONDS:
        return kept[1], kept[2]
    rows = await store.find_day(session, day)
    as_of = rows[0].rate_date if rows else day
    rates = {row.currency: row.rate for row in rows}
    if len(_days) >= CACHED_DAYS:
        _days.clear()
    if rows:
        _days[day] = (asked_at, as_of, rates)
    return as_of, rates

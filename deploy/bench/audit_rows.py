"""The rows the audit search is measured on: millions of entries over a year of months."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg

MONTHS = 12
# A lot is one transaction: small enough that a failed run gives its space back soon.
ROWS_A_LOT = 100_000
# Writing is bound by the processor that makes the search words, so as many as a small machine has.
WRITERS = 2

Progress = Callable[[str], None]

# Words as reasons hold them, the common ones first: the n-th is drawn about 1 / n^2 as often as the first.
_REASONS = (
    "refund asked by customer",
    "fare difference paid at the counter",
    "delayed departure rebooked",
    "duplicate booking closed",
    "name corrected after document check",
    "seat changed for family",
    "medical certificate seen",
    "weather disruption waiver",
    "strike at destination",
    "airline schedule change accepted",
    "missed connection protected",
    "payment review released by fraud desk",
    "chargeback evidence sent",
    "group deposit extended",
    "baggage fee waived for veteran",
    "unaccompanied minor confirmed",
    "hurricane closure of airport",
    "volcanic ash over the route",
)

_MONTH = """
create table app.{name} partition of app.audit_entries
for values from (app.uuid_floor('{begins}')) to (app.uuid_floor('{ends}'))
"""

_ENTRIES = """
insert into app.audit_entries (
    id, kind, action, entity_type, entity_id, actor_kind, actor_id, before, after, reason, request_id,
    occurred_at, recorded_at
)
select
    (
        lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0')
        || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15)
    )::uuid,
    case when n %% 5 = 0 then 'security' else 'change' end,
    (array['booking.changed', 'auth.logged_in', 'booking.cancelled', 'payment.released', 'setting.changed',
        'user.roles_changed', 'flight.delayed', 'refund.sent', 'coupon.suspended', 'document.issued']
    )[1 + floor(10 * random() ^ 2)::integer],
    (array['booking', 'session', 'payment', 'setting', 'user', 'flight'])[1 + n %% 6],
    substr(hash, 1, 8) || '-' || substr(hash, 9, 4) || '-7' || substr(hash, 13, 3) || '-8'
        || substr(hash, 16, 3) || '-' || substr(hash, 19, 12),
    'user',
    ('00000000-0000-7000-8000-' || lpad(to_hex(floor(20000 * random())::integer), 12, '0'))::uuid,
    jsonb_build_object('status', (array['held', 'ticketed', 'created', 'captured'])[1 + n %% 4]),
    jsonb_build_object(
        'status', (array['cancelled', 'changed', 'released', 'refunded'])[1 + n %% 4],
        'amount_minor', 100 * floor(900 * random())::integer,
        'airport', chr(65 + n %% 26) || chr(65 + n / 26 %% 26) || chr(65 + n / 676 %% 26)
    ),
    case when n %% 2 = 0 then (%(reasons)s::text[])[
        least(%(last_reason)s, floor(power(1 - random(), -1.0))::integer)] end,
    'req_' || hash,
    moment,
    moment
from generate_series(%(first)s::integer, %(last)s::integer) as n
cross join lateral (
    select
        md5(n::text) as hash,
        %(begins)s::timestamptz + (%(ends)s::timestamptz - %(begins)s::timestamptz)
            * (n::double precision / %(rows)s) as moment
) as made
"""


def add_entries(dsn: str, rows: int, progress: Progress) -> None:
    """Fill the audit log with `rows` entries, spread over the year before this month.

    The index of words is left out until all rows are there, and then made at once: a fifth of the time."""
    months = _months_back(MONTHS)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        for begins, ends in itertools.pairwise(months):
            name = f"audit_entries_{begins:%Y_%m}"
            if connection.execute("select to_regclass(%s)", (f"app.{name}",)).fetchone() == (None,):
                connection.execute(_MONTH.format(name=name, begins=begins, ends=ends))
        connection.execute("drop index if exists app.audit_entries_by_words")
        _write(dsn, rows, months[0], months[-1])
        progress(f"{rows:,} audit entries written")
        connection.execute("set maintenance_work_mem = '512MB'")
        connection.execute("create index audit_entries_by_words on app.audit_entries using gin (words)")
        connection.execute("vacuum (analyze) app.audit_entries")
    progress("their words indexed")


def _write(dsn: str, rows: int, begins: datetime, ends: datetime) -> None:
    def write(first: int) -> None:
        lot = {"first": first, "last": min(rows, first + ROWS_A_LOT) - 1, "rows": rows}
        period = {"begins": begins, "ends": ends}
        reasons = {"reasons": list(_REASONS), "last_reason": len(_REASONS)}
        with psycopg.connect(dsn) as connection:
            connection.execute("set statement_timeout = 0")
            connection.execute(_ENTRIES, {**lot, **period, **reasons})

    with ThreadPoolExecutor(WRITERS) as writers:
        for written in writers.map(write, range(0, rows, ROWS_A_LOT)):
            assert written is None


def _months_back(count: int) -> list[datetime]:
    """The first moments of the `count` months before this one, and of this one, oldest first."""
    today = datetime.now(UTC)
    place = today.year * 12 + today.month - 1
    return [datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(place - count, place + 1)]

"""Reading departures by COPY, on a connection of the reader's own: it may take as long as it takes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import psycopg
from psycopg import sql

from app.core.config import get_settings
from app.flights.departures.layout import EXPRESSIONS, Rows, rows_of
from app.flights.rules import STATUSES_FOR_SALE

# What holds for a statement of the program's own connections is too short for a first reading of everything.
STATEMENT_LIMIT_SECONDS = 120
CONNECT_TIMEOUT_SECONDS = 5
# From a local day's first moment at the date line to its last on the other side of it.
EASTERNMOST, WESTERNMOST = timedelta(hours=15), timedelta(hours=39)

_COPY = f"""
    copy (
        select {EXPRESSIONS}
        from app.flights as flight
        join live.availability as cabin on cabin.flight_id = flight.id
        where {{which}}
    ) to stdout (format binary)
"""
_OF_DAYS = """
    flight.departure_date between {first} and {last}
        and flight.departs_at >= {first_moment} and flight.departs_at < {last_moment}
"""
_COUNT_BY_DAY = """
    select departure_date, count(*)
    from app.flights
    where departure_date >= %s
    group by departure_date
    order by departure_date
"""
_WORDS = """
    with words as (
        select distinct word.text
        from app.flights as flight
        cross join lateral (
            values (departs_zone), (arrives_zone), (aircraft_type)
        ) as word (text)
        where departure_date = any(%(days)s)
        union
        select distinct array_to_string(cabin.classes, ',')
        from live.availability as cabin
        join app.flights as flight on flight.id = cabin.flight_id
        where flight.departure_date = any(%(days)s)
    )
    select hashtextextended(text, 0), text from words
"""

Connection = psycopg.Connection[tuple[object, ...]]


def connect() -> Connection:
    """A connection that only reads, outside of the pool."""
    url = get_settings().dsn("app_rw")
    return psycopg.connect(
        host=url.host,
        port=url.port,
        dbname=url.database,
        user=url.username,
        password=url.password,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name="contrail-departures",
        options=f"-c timezone=UTC -c statement_timeout={STATEMENT_LIMIT_SECONDS}s -c jit=off "
        "-c default_transaction_read_only=on",
    )


def count_by_day(connection: Connection, since: date) -> list[tuple[date, int]]:
    rows = connection.execute(_COUNT_BY_DAY, (since,)).fetchall()
    return [(day, count) for day, count in rows if isinstance(day, date) and isinstance(count, int)]


def copy_days(connection: Connection, first: date, last: date) -> Rows:
    """Every departure with a cabin in live.availability, from one local day to another."""
    which = sql.SQL(_OF_DAYS).format(
        first=first,
        last=last,
        first_moment=_moment(first, -EASTERNMOST),
        last_moment=_moment(last, WESTERNMOST),
    )
    return _copy(connection, which)


def copy_flights(connection: Connection, flight_ids: Sequence[UUID]) -> Rows:
    """Those of the flights that have a cabin in live.availability."""
    return _copy(connection, sql.SQL("flight.id = any({})").format(list(flight_ids)))


def list_words(connection: Connection, days: Sequence[date]) -> list[tuple[int, str]]:
    """(hash, text) of every text that the days' departures hold as one."""
    rows = connection.execute(_WORDS, {"days": list(days)}).fetchall()
    return [(key, word) for key, word in rows if isinstance(key, int) and isinstance(word, str)]


def _moment(day: date, offset: timedelta) -> datetime:
    return datetime.combine(day, time.min, UTC) + offset


def _copy(connection: Connection, which: sql.Composed) -> Rows:
    statuses = [status.value for status in STATUSES_FOR_SALE]
    statement = sql.SQL(_COPY).format(which=which, statuses=statuses)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return rows_of(copy)

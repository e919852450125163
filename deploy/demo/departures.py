"""Which departures the travellers want, chosen from the loaded schedule by the seed."""

import random
from datetime import datetime

import psycopg

from deploy.demo.journeys import Departure

# Small aircraft, so that a thousand bookings on some forty departures make load factors that mean something.
MOST_SEATS = 150

DEPARTURES = """
    select
        f.id, f.origin, f.destination, f.departure_date::text, f.departs_at,
        sum(c.capacity) as seats, bool_or(c.cabin = 'business') as has_business
    from app.flights as f
    join app.cabin_inventories as c on c.flight_id = f.id
    where f.departs_at > %(after)s and f.departs_at < %(before)s
    group by f.id
    having sum(c.capacity) <= %(most_seats)s
    order by f.id
"""
FULL_SIZE = 10_000


def choose_departures(
    dsn: str, after: datetime, before: datetime, count: int | None, rng: random.Random
) -> list[Departure]:
    """`count` departures of small aircraft between two moments, or every departure of any size."""
    parameters = {"after": after, "before": before, "most_seats": FULL_SIZE if count is None else MOST_SEATS}
    with psycopg.connect(dsn) as connection:
        found = [
            Departure(f"flt_{row[0].hex}", row[1], row[2], row[3], row[4], int(row[5]), row[6])
            for row in connection.execute(DEPARTURES, parameters)
        ]
    return found if count is None else sorted(rng.sample(found, min(count, len(found))), key=_by_time)


def _by_time(departure: Departure) -> tuple[datetime, str]:
    return departure.departs_at, departure.flight_id

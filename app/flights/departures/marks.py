"""A mark of all the departures an answer may follow from, the same in every process that knows the same."""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b

import numpy as np

from app.flights.connections.schemas import SliceQuery
from app.flights.departures import ways
from app.flights.departures.days import Day
from app.flights.departures.legs import Asked, days_around


def mark(
    days: Mapping[date, Day], query: SliceQuery, departs_after: datetime, max_stops: int | None
) -> bytes | None:
    """None for an airport that cannot be one.

    A direct search follows from its route on its day. With one change it follows from all that leaves the one
    airport that day and reaches the other on the days around, with two from everything on those days."""
    asked = Asked.of(query, departs_after)
    if asked is None:
        return None
    digest = blake2b(digest_size=16)
    day = days.get(query.departure_date)
    finds_direct = False
    if day is not None:
        rows = ways.direct_rows(day, asked)
        digest.update(day.stamps[rows].tobytes())
        leaving = day.leaving(asked.origin)
        # How many have closed already: as the hour moves, so does the answer.
        digest.update(b"%d" % np.count_nonzero(day.departs[leaving] <= asked.departs_after))
        finds_direct = bool(ways.find_direct(days, asked, 1))
    if max_stops == 0 or (max_stops is None and finds_direct):
        return digest.digest()
    around = [days[each] for each in days_around(query.departure_date, 1, 2) if each in days]
    if max_stops == 1:
        if day is not None:
            digest.update(day.stamps[day.leaving(asked.origin)].tobytes())
        for each in around:
            digest.update(each.stamps[each.reaching(asked.destination)].tobytes())
    else:
        for each in around:
            digest.update(each.stamps.tobytes())
    return digest.digest()

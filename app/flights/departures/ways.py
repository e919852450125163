"""Ways to fly a slice among departures in memory: those the statements find, in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from app.flights.connections.limits import (
    BETWEEN_EXAMINED,
    FLIGHTS_EXAMINED,
    HUBS_EXAMINED,
    INWARD_EXAMINED,
    ONWARD_EXAMINED,
)
from app.flights.connections.schemas import ConnectionBounds
from app.flights.departures.days import Day
from app.flights.departures.legs import (
    TIME_BITS,
    Asked,
    Legs,
    Onward,
    Places,
    days_around,
    first_of_each,
    in_window,
    legs_of,
    most_frequent,
    on_sale,
)

# A flight in memory: its day and its row there.
Place = tuple[Day, int]


@dataclass(frozen=True, slots=True)
class Around:
    """The flights a search for connections looks at, and the days they are of."""

    days: list[Day]
    outward: Legs
    inward: Legs

    def place(self, legs: Legs, at: int) -> Place:
        return self.days[legs.days[at]], int(legs.rows[at])


def find_direct(days: Mapping[date, Day], asked: Asked, limit: int) -> list[Place]:
    """Flights of the route by time and id."""
    day = days.get(asked.query.departure_date)
    if day is None:
        return []
    rows = direct_rows(day, asked)
    good = on_sale(day, rows, asked, None) & (day.departs[rows] > asked.departs_after)
    good &= in_window(day.departs_local[rows], asked.query.departs)
    good &= in_window(day.arrives_local[rows], asked.query.arrives)
    return [(day, row) for row in rows[good][:limit].tolist()]


def direct_rows(day: Day, asked: Asked) -> NDArray[np.int64]:
    """Every flight of the route on a day."""
    leaving = day.leaving(asked.origin)
    rows: Places = np.flatnonzero(day.destination[leaving] == asked.destination) + leaving.start
    return rows


def look_around(days: Mapping[date, Day], asked: Asked) -> Around:
    """The first flights out and the last flights in.

    A flight that crosses the date line may connect to one that leaves the day before."""
    held = [days[each] for each in days_around(asked.query.departure_date, 1, 2) if each in days]
    today = [(n, day) for n, day in enumerate(held) if day.day == asked.query.departure_date]
    outward = [(number, day, _outward(day, asked)) for number, day in today]
    inward = [(number, day, _inward(day, asked)) for number, day in enumerate(held)]
    return Around(
        held,
        legs_of(outward).earliest(FLIGHTS_EXAMINED),
        legs_of(inward).earliest(INWARD_EXAMINED),
    )


def find_one_stop(around: Around, bounds: ConnectionBounds, limit: int) -> list[list[Place]]:
    """The quickest ways: for each flight out the connections that arrive first."""
    outward, inward = around.outward, around.inward
    first, last = Onward(inward).after(outward, bounds.shortest, bounds.longest)
    near = outward.km[first] + inward.km[last] <= bounds.longest_way_km
    first, last = first[near], last[near]
    order = np.argsort((first << 16) | inward.rank(inward.arrives)[last])
    kept = first_of_each(first, order, ONWARD_EXAMINED)
    first, last = first[kept], last[kept]
    chosen = _quickest(outward, inward, first, last, limit, [(outward, first), (inward, last)])
    return [[around.place(outward, int(first[at])), around.place(inward, int(last[at]))] for at in chosen]


def find_two_stops(around: Around, asked: Asked, bounds: ConnectionBounds, limit: int) -> list[list[Place]]:
    """The quickest ways over two of the airports with the most flights."""
    outward, inward = around.outward, around.inward
    between = _between(around, asked)
    first, second = Onward(between).after(outward, bounds.shortest, bounds.longest)
    way_km = outward.km[first] + between.km[second]
    near = way_km <= bounds.longest_way_km
    first, second, way_km = first[near], second[near], way_km[near]
    # Within a first flight the airports reached, each with its earliest arrivals.
    groups = (first << 16) | between.destination[second]
    order = np.argsort((groups << 16) | between.rank(between.arrives)[second])
    kept = first_of_each(groups, order, ONWARD_EXAMINED)
    first, second, way_km = first[kept], second[kept], way_km[kept]
    half, last = Onward(inward).after(between.pick(second), bounds.shortest, bounds.longest)
    near = way_km[half] + inward.km[last] <= bounds.longest_way_km
    half, last = half[near], last[near]
    first, second = first[half], second[half]
    # Of each first flight those that arrive first, then by the ids of the others; 13 bits hold a rank.
    ranks = (between.rank()[second] << 13) | inward.rank()[last]
    arrives = inward.arrives[last] - (inward.arrives.min() if len(inward) else 0)
    order = np.lexsort((ranks, (first << TIME_BITS) | arrives))
    kept = first_of_each(first, order, ONWARD_EXAMINED)
    first, second, last = first[kept], second[kept], last[kept]
    parts = [(outward, first), (between, second), (inward, last)]
    chosen = _quickest(outward, inward, first, last, limit, parts)
    return [[around.place(legs, int(places[at])) for legs, places in parts] for at in chosen]


def _outward(day: Day, asked: Asked) -> NDArray[np.int64]:
    leaving = day.leaving(asked.origin)
    good = on_sale(day, leaving, asked, asked.query.seats)
    good &= (day.destination[leaving] != asked.destination) & (day.departs[leaving] > asked.departs_after)
    good &= in_window(day.departs_local[leaving], asked.query.departs)
    rows: Places = np.flatnonzero(good) + leaving.start
    return rows


def _inward(day: Day, asked: Asked) -> NDArray[np.int64]:
    rows: Places = day.reaching(asked.destination).astype(np.int64)
    good = on_sale(day, rows, asked, asked.query.seats) & (day.origin[rows] != asked.origin)
    good &= in_window(day.arrives_local[rows], asked.query.arrives)
    kept: Places = rows[good]
    return kept


def _between(around: Around, asked: Asked) -> Legs:
    """Flights from the busiest airports that the first flights reach to those the last ones leave from."""
    first_hubs = most_frequent(around.outward.destination, HUBS_EXAMINED)
    last_hubs = most_frequent(around.inward.origin, HUBS_EXAMINED)
    picked = []
    for number, day in enumerate(around.days):
        if (day.day - asked.query.departure_date).days > 1:
            continue
        leaving = [day.leaving(hub) for hub in first_hubs.tolist()]
        rows = np.concatenate(
            [np.arange(each.start, each.stop) for each in leaving] or [np.zeros(0, np.int64)]
        )
        rows = rows[np.isin(day.destination[rows], last_hubs) & (day.destination[rows] != day.origin[rows])]
        picked.append((number, day, rows[on_sale(day, rows, asked, asked.query.seats)]))
    return legs_of(picked).earliest(BETWEEN_EXAMINED)


def _quickest(
    outward: Legs, inward: Legs, first: Places, last: Places, limit: int, parts: list[tuple[Legs, Places]]
) -> list[int]:
    """By the time under way, then by the ids of the flights in order."""
    elapsed = inward.arrives[last] - outward.departs[first]
    among = np.arange(len(elapsed))
    if len(elapsed) > limit:
        among = among[elapsed <= np.partition(elapsed, limit - 1)[limit - 1]]

    def order(place: int) -> tuple[int, ...]:
        ids = (int(half[at[place]]) for legs, at in parts for half in (legs.high, legs.low))
        return (int(elapsed[place]), *ids)

    return sorted(among.tolist(), key=order)[:limit]

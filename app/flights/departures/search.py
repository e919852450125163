"""Answering a search from memory as the database would: the same ways, in the same order."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.flights.connections import rules as connection_rules
from app.flights.connections.limits import FOUND_FOR_EACH_WANTED, MAX_CONNECTIONS, MAX_DIRECT
from app.flights.connections.schemas import ConnectionBounds, SliceQuery
from app.flights.departures import ways
from app.flights.departures.days import Day
from app.flights.departures.legs import Asked
from app.flights.schemas import Departure, MinimumConnections
from app.reference.schemas import AirportView

Minimums = Mapping[str, MinimumConnections]


def find(
    days: Mapping[date, Day],
    query: SliceQuery,
    departs_after: datetime,
    max_stops: int | None,
    read_at: datetime,
    airports: Mapping[str, AirportView],
    minimums: Minimums,
) -> list[list[Departure]]:
    """See connections.service.find_itineraries."""
    asked = Asked.of(query, departs_after)
    if asked is None:
        return []
    answer = _Answer(query, read_at, airports, minimums)
    direct = ways.find_direct(days, asked, MAX_DIRECT)
    found = [answer.departures([place]) for place in direct]
    bounds = answer.bounds()
    most = connection_rules.MAX_STOPS if max_stops is None else max_stops
    if bounds is None or most == 0 or (max_stops is None and found):
        return found
    around = ways.look_around(days, asked)
    limit = MAX_CONNECTIONS * FOUND_FOR_EACH_WANTED
    found += answer.that_can_be_flown(ways.find_one_stop(around, bounds, limit))
    if most == 1 or (max_stops is None and found):
        return found
    return found + answer.that_can_be_flown(ways.find_two_stops(around, asked, bounds, limit))


class _Answer:
    """Makes departures of places, each once."""

    def __init__(
        self, query: SliceQuery, read_at: datetime, airports: Mapping[str, AirportView], minimums: Minimums
    ) -> None:
        self._query, self._read_at = query, read_at
        self._airports, self._minimums = airports, minimums
        self._made: dict[tuple[date, int], Departure] = {}
        self._country_of = {code: airport.country for code, airport in airports.items()}

    def bounds(self) -> ConnectionBounds | None:
        """None where an end is no airport of ours."""
        ends = [self._airports.get(code) for code in (self._query.origin, self._query.destination)]
        places = [(end.latitude, end.longitude) for end in ends if end is not None]
        if len(places) < len(ends):
            return None
        return connection_rules.bounds_for(connection_rules.great_circle_km(*places))

    def departures(self, places: Sequence[ways.Place]) -> list[Departure]:
        made = []
        for day, row in places:
            key = (day.day, row)
            if key not in self._made:
                self._made[key] = day.departure(row, self._query.cabin, self._read_at)
            made.append(self._made[key])
        return made

    def that_can_be_flown(self, found: Sequence[Sequence[ways.Place]]) -> list[list[Departure]]:
        kept: list[list[Departure]] = []
        for places in found:
            way = self.departures(places)
            if connection_rules.can_be_flown(way, self._country_of, self._minimums):
                kept.append(way)
                if len(kept) == MAX_CONNECTIONS:
                    break
        return kept

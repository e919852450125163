"""How long a change of planes takes, and which detours are worth looking at."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

from app.flights.connections.schemas import ConnectionBounds
from app.flights.schemas import Departure, MinimumConnections, Traffic

MAX_STOPS = 2

# No airport states less; the statement looks no nearer, and each airport's own time decides afterwards.
SHORTEST_CONNECTION = timedelta(minutes=20)
# A night at a hub is a stopover, which is a slice of its own.
LONGEST_CONNECTION = timedelta(hours=12)

# A way round is looked at up to this: nobody flies from Boston to New York by way of Seattle.
DETOUR_FACTOR = 2.0
DETOUR_KM = 1200
EARTH_RADIUS_KM = 6371


def bounds_for(distance_km: float) -> ConnectionBounds:
    """What is looked at between two airports so far apart by the great circle."""
    return ConnectionBounds(
        SHORTEST_CONNECTION, LONGEST_CONNECTION, round(distance_km * DETOUR_FACTOR + DETOUR_KM)
    )


def great_circle_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two places given as (latitude, longitude) in degrees, on a sphere."""
    (south, west), (north, east) = ((radians(place[0]), radians(place[1])) for place in (one, other))
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


def can_be_flown(
    itinerary: Sequence[Departure],
    country_of: Mapping[str, str],
    minimum: Mapping[str, MinimumConnections],
) -> bool:
    """Every change leaves the time its airport needs, and no airport comes twice."""
    airports = [itinerary[0].origin, *(leg.destination for leg in itinerary)]
    if len(set(airports)) < len(airports):
        return False
    return all(
        after.origin == before.destination
        and minimum[after.origin].between(_traffic(before, country_of), _traffic(after, country_of))
        <= after.departs_at - before.arrives_at
        <= LONGEST_CONNECTION
        for before, after in pairwise(itinerary)
    )


def _traffic(leg: Departure, country_of: Mapping[str, str]) -> Traffic:
    """An airport of an unknown country is abroad."""
    return Traffic.between(country_of.get(leg.origin, leg.origin), country_of.get(leg.destination, ""))

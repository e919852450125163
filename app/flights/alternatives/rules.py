"""Which ways are worth offering. No I/O."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from app.flights.alternatives.schemas import Leg

Way = tuple[Leg, ...]
# Nobody is put up for half a day at a place he did not choose.
LONGEST_LAYOVER = timedelta(hours=8)


def ways(
    direct: Iterable[Leg],
    first: Sequence[Leg],
    second: Sequence[Leg],
    minimum: Callable[[Leg, Leg], timedelta],
) -> list[Way]:
    """Direct flights, and pairs of flights that a traveller can change between; the earliest there first."""
    found: list[Way] = [(leg,) for leg in direct]
    for one in first:
        for other in second:
            if one.destination == other.origin and one.origin != other.destination:
                ground = other.departs_at - one.arrives_at
                if minimum(one, other) <= ground <= LONGEST_LAYOVER:
                    found.append((one, other))
    return sorted(found, key=_by_arrival)


def _by_arrival(way: Way) -> tuple[datetime, int, datetime, str]:
    return way[-1].arrives_at, len(way), way[0].departs_at, str(way[0].flight_id)

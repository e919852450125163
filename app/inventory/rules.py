"""Nested booking limits: a seat taken in a cheap class also uses up every dearer class's limit.

The database holds the same rule (app.seats_open, app.inventory_is_sound); a test compares them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from uuid import UUID

from app.inventory.schemas import CabinCounters, SeatRequest

# Share of a cabin that each fare class, from the dearest down, may sell at most while nobody knows better:
# nested limits, until revenue management sets others.
LADDERS: Mapping[str, Mapping[str, float]] = {
    "first": {"F": 1.0, "A": 0.75},
    "business": {"J": 1.0, "C": 0.75, "D": 0.5},
    "premium_economy": {"W": 1.0, "P": 0.75},
    "economy": {"Y": 1.0, "B": 0.92, "M": 0.8, "H": 0.65, "Q": 0.5, "K": 0.3},
}


def opening_limits(cabin: str, capacity: int) -> dict[str, int]:
    """Booking limit by fare class: the dearest may sell every seat, each cheaper one at most as many."""
    return {fare_class: int(capacity * share) for fare_class, share in LADDERS[cabin].items()}


def seats_open(limits: Sequence[int], held: Sequence[int], sold: Sequence[int]) -> list[int]:
    """What each class can still sell: what is left under its own limit, and under every dearer one."""
    used = [h + s for h, s in zip(held, sold, strict=True)]
    used_here_and_below = list(accumulate(reversed(used)))[::-1]
    left = [limit - taken for limit, taken in zip(limits, used_here_and_below, strict=True)]
    return list(accumulate(left, min))


class SeatsLeft:
    """What cabins can still hold, as it goes down from one who asks to the next."""

    def __init__(self, cabins: Sequence[CabinCounters]) -> None:
        self.cabins = cabins
        self._by_key = {(cabin.flight_id, cabin.cabin): cabin for cabin in cabins}
        self._held = {key: list(cabin.held) for key, cabin in self._by_key.items()}

    def take(self, requests: Sequence[SeatRequest]) -> bool:
        """Take all that is asked, or nothing."""
        after: dict[tuple[UUID, str], list[int]] = {}
        for request in requests:
            key = (request.flight_id, request.cabin)
            cabin = self._by_key.get(key)
            if cabin is None or request.fare_class not in cabin.classes:
                return False
            held = after.setdefault(key, list(self._held[key]))
            held[cabin.classes.index(request.fare_class)] += request.seats
        for key, held in after.items():
            cabin = self._by_key[key]
            if min(seats_open(cabin.limits, held, cabin.sold)) < 0:
                return False
        self._held |= after
        return True


def merge(requests: Sequence[SeatRequest]) -> list[SeatRequest]:
    """Each class once, with all the seats asked of it: one statement looks at each class once."""
    seats: Counter[tuple[UUID, str, str]] = Counter()
    merged: dict[tuple[UUID, str, str], SeatRequest] = {}
    for request in requests:
        key = (request.flight_id, request.cabin, request.fare_class)
        seats[key] += request.seats
        merged[key] = replace(request, seats=seats[key])
    return list(merged.values())

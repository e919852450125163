"""Whom another flight is asked of when an aircraft has too few seats. No I/O."""

from collections.abc import Sequence
from uuid import UUID

from app.bookings.reaccommodation.schemas import Passengers


def choose_to_move(candidates: Sequence[Passengers], excess: int, classes: Sequence[str]) -> list[UUID]:
    """Bookings to move until `excess` seats of one cabin are free, whole bookings at a time.

    Last to go: who is checked in; then who connects or travels with a child. Among the others the cheapest
    class goes first (`classes` run from the dearest down), then who was ticketed last."""
    price = {name: place for place, name in enumerate(classes)}

    def order(each: Passengers) -> tuple[bool, bool, int, float, str]:
        spared = each.is_connecting or each.with_child_or_infant
        cheap = -price.get(each.fare_class, 0)
        return each.is_checked_in, spared, cheap, -each.ticketed_at, str(each.booking_id)

    chosen: list[UUID] = []
    freed = 0
    for each in sorted(candidates, key=order):
        if freed >= excess:
            break
        chosen.append(each.booking_id)
        freed += each.seats
    return chosen

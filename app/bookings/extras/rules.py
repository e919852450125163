"""How long an order of extras waits, what became of it, and how many of an extra a passenger may have."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from app.bookings.extras.errors import ExtraUnknown
from app.bookings.extras.schemas import AvailableExtra, ExtraChoice, ExtrasOrder, OrderStatus

# As long as a quote: the prices are those of the moment it was asked for.
ORDER_LIFE = timedelta(minutes=30)

# (passenger, segment or None for the whole journey, code)
Place = tuple[UUID, UUID | None, str]


class Placed(Protocol):
    """Something of one passenger, of one flight."""

    @property
    def passenger_id(self) -> UUID | None: ...
    @property
    def segment_id(self) -> UUID | None: ...
    @property
    def code(self) -> str: ...


def status_at(status: OrderStatus, expires_at: datetime, now: datetime) -> OrderStatus:
    """An order that waited too long has lapsed, whether or not anybody looked."""
    if status is OrderStatus.WAITING and now >= expires_at:
        return OrderStatus.LAPSED
    return status


def place_of(extra: Placed) -> Place:
    if extra.passenger_id is None:
        raise ValueError(f"{extra.code} is nobody's")
    return extra.passenger_id, extra.segment_id, extra.code


def is_meant(choice: ExtraChoice, place: Place) -> bool:
    passenger_id, segment_id, code = place
    is_there = choice.segment_id is None or choice.segment_id == segment_id
    return is_there and (choice.passenger_id, choice.code) == (passenger_id, code)


def already_had(items: Iterable[Placed], orders: Iterable[ExtrasOrder]) -> Counter[Place]:
    """What counts towards the most that may be had: live items, and what still waits for its money."""
    waiting = [each for order in orders if order.status is OrderStatus.WAITING for each in order.extras]
    return Counter(place_of(each) for each in (*items, *waiting) if each.passenger_id is not None)


def ensure_left(offered: AvailableExtra, count: int, pointer: str) -> None:
    """Raises ExtraUnknown."""
    if count > offered.most:
        raise ExtraUnknown(f"{offered.most} more of {offered.code} may be had", pointer=pointer)

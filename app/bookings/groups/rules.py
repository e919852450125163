"""How a block is cut into bookings, what a quote costs, and in what order its deadlines come."""

from datetime import datetime
from itertools import pairwise

from app.bookings.groups.errors import DeadlinesInvalid
from app.bookings.groups.schemas import GroupQuote

SEATS_OF_A_BOOKING = 9


def cut(seats: int) -> list[int]:
    """Seats in as few bookings as nine to each allow, as even as can be: 24 are 8, 8 and 8."""
    parts = -(-seats // SEATS_OF_A_BOOKING)
    each, more = divmod(seats, parts)
    return [each + (place < more) for place in range(parts)]


def discounted_minor(fare_minor: int, percent: int) -> int:
    """The fare less so many per cent of it, half up for the house."""
    return fare_minor - fare_minor * percent // 100


def ensure_in_order(quote: GroupQuote, now: datetime, sale_closes_at: datetime) -> None:
    """Raises DeadlinesInvalid."""
    steps = [
        ("now", now),
        ("expires_at", quote.expires_at),
        ("deposit_due_at", quote.deposit_due_at),
        ("names_due_at", quote.names_due_at),
        ("final_due_at", quote.final_due_at),
        ("the close of sale", sale_closes_at),
    ]
    for (before, earlier), (name, later) in pairwise(steps):
        if later < earlier:
            raise DeadlinesInvalid(f"{name} is before {before}", pointer=f"/{name}")

"""How long an offer from the waitlist stands, and who is served next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.bookings.schemas import BookingStatus
from app.waitlist.schemas import EndReason, WaitlistStatus

SHORT_BEFORE_DEPARTURE = timedelta(hours=24)


@dataclass(frozen=True)
class Windows:
    """How long an offer stands: long enough to read a letter and find a card, `short` on the last day, when
    the next in line needs time, too."""

    usual: timedelta
    short: timedelta


def offer_expires_at(
    now: datetime, departs_at: datetime, sale_closes_at: datetime, windows: Windows
) -> datetime:
    """Never beyond the close of sale."""
    window = windows.short if departs_at - now < SHORT_BEFORE_DEPARTURE else windows.usual
    return min(now + window, sale_closes_at)


def that_fit(queue: Sequence[tuple[UUID, int]], seats: int) -> list[UUID]:
    """Who of a queue of (entry, seats), in its order, may be served with so many seats.

    A party too large for what is left lets the next one pass: seats that leave empty serve nobody."""
    served = []
    for entry, wanted in queue:
        if wanted <= seats:
            served.append(entry)
            seats -= wanted
    return served


def what_became_of(booking: BookingStatus) -> tuple[WaitlistStatus, EndReason | None]:
    """What an entry is whose offer is held in this booking."""
    if booking is BookingStatus.HELD:
        return WaitlistStatus.OFFERED, None
    if booking in (BookingStatus.CONFIRMED, BookingStatus.TICKETED):
        return WaitlistStatus.CONVERTED, EndReason.PAID
    return WaitlistStatus.LAPSED, EndReason.NOT_PAID

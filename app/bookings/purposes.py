"""What money is taken for. A purpose says what is due, and carries it out once the money is in.

A part of bookings registers its own where its module is imported, by the program and by the chores."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import hold_service, rules, store
from app.bookings.errors import NotPayable
from app.bookings.models import BookingRow
from app.bookings.schemas import BookingStatus, LiveStatus
from app.bookings.ticket_service import issue_tickets
from app.core.money import Money
from app.inventory.errors import HoldExpired
from app.payments import service as payments
from app.payments.schemas import Attempt, PaymentPurpose


class Purpose(Protocol):
    """While an attempt to pay is open, what is due for its purpose must not change: whoever would change
    it asks `payments.find_open_payment` first, with the booking locked."""

    async def amount_due(
        self, session: AsyncSession, booking: BookingRow, purpose_id: UUID | None, now: datetime
    ) -> Money:
        """What is to be paid. The booking is locked. Raises a DomainError when nothing may be paid now."""
        ...

    async def apply(
        self,
        session: AsyncSession,
        booking: BookingRow,
        purpose_id: UUID | None,
        attempt: Attempt,
        now: datetime,
    ) -> None:
        """Give what was paid for. Booking and payment are locked; the money is in the journal.

        Raises a DomainError when it cannot: all it did is undone, and the money goes back."""
        ...


Guard = Callable[[AsyncSession, BookingRow], Awaitable[None]]

_known: dict[str, Purpose] = {}
_guards: list[Guard] = []


def register(name: str, purpose: Purpose) -> None:
    """Let payments be made for a purpose. `name` is one of PaymentPurpose."""
    _known[PaymentPurpose(name)] = purpose


def guard_bookings(guard: Guard) -> None:
    """Let a part refuse, with a DomainError, that a held booking is paid."""
    _guards.append(guard)


def ensure_all_known() -> None:
    """Let a program fail when it starts rather than when money comes in that it can do nothing for."""
    for name in PaymentPurpose:
        purpose_named(name)


def purpose_named(name: str) -> Purpose:
    """Raises RuntimeError when no part of the program has registered it."""
    try:
        return _known[name]
    except KeyError:
        raise RuntimeError(f"nothing in this program carries out payments for {name}") from None


class HeldBooking:
    """The booking itself: its live items are due while it is held, and tickets are what they buy."""

    async def amount_due(
        self, session: AsyncSession, booking: BookingRow, purpose_id: UUID | None, now: datetime
    ) -> Money:
        """Raises HoldExpired, NotPayable, PriceChanged."""
        status = rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now)
        if status is BookingStatus.EXPIRED:
            raise HoldExpired(f"it had to be paid by {booking.payment_required_by.isoformat()}")
        if status is not BookingStatus.HELD:
            raise NotPayable(f"it is {status}")
        await hold_service.ensure_price_holds(session, booking, now)
        for guard in _guards:
            await guard(session, booking)
        total = await _live_total(session, booking)
        # A deposit was paid before.
        paid_minor = await payments.paid_minor(session, booking.id)
        return Money(amount_minor=total.amount_minor - paid_minor, currency=total.currency)

    async def apply(
        self,
        session: AsyncSession,
        booking: BookingRow,
        purpose_id: UUID | None,
        attempt: Attempt,
        now: datetime,
    ) -> None:
        """Raises NotPayable, SoldOut, FlightClosed."""
        if booking.status not in (BookingStatus.HELD, BookingStatus.EXPIRED):
            raise NotPayable(f"it is {booking.status}")
        await issue_tickets(session, booking, attempt.entities, now)
        # Tickets are never issued for more than was paid, whatever happened in between.
        due, paid = await _live_total(session, booking), await payments.paid_minor(session, booking.id)
        if due.amount_minor != paid:
            raise NotPayable(f"{paid} was paid and {due.amount_minor} is due")


async def _live_total(session: AsyncSession, booking: BookingRow) -> Money:
    items = await store.find_items(session, booking.id)
    total_minor = sum(item.amount_minor for item in items if item.status == LiveStatus.LIVE)
    return Money(amount_minor=total_minor, currency=booking.currency)


register(PaymentPurpose.BOOKING, HeldBooking())

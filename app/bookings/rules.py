"""How long seats are held, what may be done with a booking, and what cancelling costs."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.bookings.errors import PassengersDiffer
from app.bookings.schemas import Action, BookingStatus
from app.pricing.schemas import PassengerType

CHECKOUT_HOLD = timedelta(minutes=15)
QUOTE_LIFE = timedelta(minutes=30)


@dataclass(frozen=True)
class HoldClocks:
    """Until when the price is promised, and until when the seats are."""

    price_guarantee_expires_at: datetime
    payment_required_by: datetime


def hold_clocks(now: datetime) -> HoldClocks:
    """A checkout hold promises the price for as long as the seats; a longer hold will not."""
    until = now + CHECKOUT_HOLD
    return HoldClocks(until, until)


def status_at(status: BookingStatus, payment_required_by: datetime, now: datetime) -> BookingStatus:
    """A hold is dead at its time, whether or not it has been swept up."""
    if status is BookingStatus.HELD and now >= payment_required_by:
        return BookingStatus.EXPIRED
    return status


def seats_needed(types: Sequence[PassengerType]) -> int:
    """An infant travels on a lap."""
    return sum(kind.needs_seat for kind in types)


def match_passengers(offered: Sequence[PassengerType], named: Sequence[PassengerType]) -> list[int]:
    """For each named passenger, which of the offer's passengers it is. Raises PassengersDiffer."""
    waiting: dict[PassengerType, deque[int]] = defaultdict(deque)
    for index, kind in enumerate(offered):
        waiting[kind].append(index)
    if sorted(offered) != sorted(named):
        raise PassengersDiffer(f"the offer is for {', '.join(sorted(offered))}", pointer="/passengers")
    return [waiting[kind].popleft() for kind in named]


@dataclass(frozen=True)
class Itinerary:
    """What decides whether a ticketed booking can still be cancelled."""

    departs_at: datetime
    is_cancelled: bool
    is_unused: bool


def is_cancellable(status: BookingStatus, itinerary: Itinerary, now: datetime) -> bool:
    """A live hold always; a ticket while no part of it is used, until departure unless the flight is off."""
    if status is BookingStatus.HELD:
        return True
    if status not in (BookingStatus.CONFIRMED, BookingStatus.TICKETED) or not itinerary.is_unused:
        return False
    return itinerary.is_cancelled or now < itinerary.departs_at


def available_actions(status: BookingStatus, itinerary: Itinerary, now: datetime) -> list[Action]:
    actions = [Action.PAY] if status is BookingStatus.HELD else []
    if is_cancellable(status, itinerary, now):
        actions.append(Action.CANCEL)
    return actions


@dataclass(frozen=True)
class RefundConditions:
    """A fare's promise. None means that the fare does not state it."""

    allowed: bool | None
    penalty_minor: int | None


@dataclass(frozen=True)
class TicketValue:
    """What one ticket was sold for."""

    fare_minor: int
    tax_minor: int


@dataclass(frozen=True)
class CancellationFigures:
    fare_minor: int
    tax_minor: int
    penalty_minor: int

    @property
    def refund_minor(self) -> int:
        return self.fare_minor + self.tax_minor - self.penalty_minor


def strictest(conditions: Sequence[RefundConditions]) -> RefundConditions:
    """What holds for a ticket over several fares: one that is not refundable makes all so."""
    if any(each.allowed is not True or each.penalty_minor is None for each in conditions):
        return RefundConditions(False, None)
    return RefundConditions(True, max(each.penalty_minor or 0 for each in conditions))


def penalty_of(ticket: TicketValue, conditions: RefundConditions) -> int:
    """What is kept of one ticket: never more than its fare, since a tax not flown is not owed.

    A fare that states nothing, or no amount, is kept whole."""
    if conditions.allowed is not True or conditions.penalty_minor is None:
        return ticket.fare_minor
    return min(ticket.fare_minor, conditions.penalty_minor)


def cancellation_figures(
    tickets: Sequence[TicketValue], conditions: RefundConditions, *, is_involuntary: bool
) -> CancellationFigures:
    """What cancelling all the tickets keeps and gives back; nothing is kept when the flight is off."""
    penalty_minor = 0 if is_involuntary else sum(penalty_of(ticket, conditions) for ticket in tickets)
    return CancellationFigures(
        fare_minor=sum(ticket.fare_minor for ticket in tickets),
        tax_minor=sum(ticket.tax_minor for ticket in tickets),
        penalty_minor=penalty_minor,
    )

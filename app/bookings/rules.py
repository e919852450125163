"""How long seats are held, what may be done with a booking, and what cancelling costs."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.bookings.errors import PassengersDiffer, PayLaterRefused
from app.bookings.schemas import BoardingOutcome, BookingStatus, CouponStatus, Hold, ItemKind, TravelStatus
from app.pricing.schemas import Condition, PassengerType

CHECKOUT_HOLD = timedelta(minutes=15)
# A week and more before departure seats are held for a day; nearer, never into the last day.
PAY_LATER_HOLD = timedelta(hours=24)
PAY_LATER_IN_FULL = timedelta(days=7)
PAY_LATER_CLOSES = timedelta(hours=24)
# Half of the longest hold: who decides the same day pays what was said.
PAY_LATER_PRICE = timedelta(hours=12)
# 14 CFR 259.5(b)(4): a reservation made a week or more before departure may be cancelled within 24 hours.
VOID_WINDOW = timedelta(hours=24)
VOID_NOTICE = timedelta(days=7)

TAX_KINDS = (ItemKind.TAX, ItemKind.FEE)


@dataclass(frozen=True)
class HoldClocks:
    """Until when the price is promised, and until when the seats are."""

    price_guarantee_expires_at: datetime
    payment_required_by: datetime


def hold_clocks(
    now: datetime,
    hold: Hold = Hold.CHECKOUT,
    departs_at: datetime | None = None,
    checkout: timedelta = CHECKOUT_HOLD,
) -> HoldClocks:
    """A checkout hold promises the price for as long as the seats; one that is paid later only for a while.

    Raises PayLaterRefused within a day of departure."""
    if hold is Hold.CHECKOUT or departs_at is None:
        return HoldClocks(now + checkout, now + checkout)
    until = now + PAY_LATER_HOLD
    if departs_at - now < PAY_LATER_IN_FULL:
        until = min(until, departs_at - PAY_LATER_CLOSES)
    if until <= now:
        raise PayLaterRefused(f"seats are held for later until {PAY_LATER_CLOSES} before departure")
    return HoldClocks(min(until, now + PAY_LATER_PRICE), until)


def status_at(status: BookingStatus, payment_required_by: datetime, now: datetime) -> BookingStatus:
    """A hold is dead at its time, whether or not it has been swept up."""
    if status is BookingStatus.HELD and now >= payment_required_by:
        return BookingStatus.EXPIRED
    return status


def seats_needed(types: Sequence[PassengerType]) -> int:
    """An infant travels on a lap."""
    return sum(kind.needs_seat for kind in types)


def sale_of(items: Sequence[tuple[ItemKind, int]]) -> tuple[int, int]:
    """What items bring in, and what of them is collected for others: (revenue, taxes)."""
    taxes = sum(amount for kind, amount in items if kind in TAX_KINDS)
    return sum(amount for _, amount in items) - taxes, taxes


def match_passengers(offered: Sequence[PassengerType], named: Sequence[PassengerType]) -> list[int]:
    """For each named passenger, which of the offer's passengers it is. Raises PassengersDiffer."""
    waiting: dict[PassengerType, deque[int]] = defaultdict(deque)
    for index, kind in enumerate(offered):
        waiting[kind].append(index)
    if sorted(offered) != sorted(named):
        raise PassengersDiffer(f"the offer is for {', '.join(sorted(offered))}", pointer="/passengers")
    return [waiting[kind].popleft() for kind in named]


# Coupons that no longer stand for a journey.
_GIVEN_BACK = (CouponStatus.VOID, CouponStatus.REFUNDED, CouponStatus.EXCHANGED)


def travel_status(coupons: Sequence[tuple[CouponStatus, str | None]]) -> TravelStatus | None:
    """Out of each coupon's status and boarding outcome. None when there is nothing to travel on."""
    standing = [(status, outcome) for status, outcome in coupons if status not in _GIVEN_BACK]
    if not standing:
        return None
    is_flown = [status is CouponStatus.FLOWN for status, _ in standing]
    is_missed = [outcome == BoardingOutcome.NO_SHOW for _, outcome in standing]
    if all(flown or missed for flown, missed in zip(is_flown, is_missed, strict=True)):
        return TravelStatus.FLOWN if any(is_flown) else TravelStatus.NO_SHOW
    is_untouched = [status is CouponStatus.OPEN and outcome is None for status, outcome in standing]
    return TravelStatus.NOT_STARTED if all(is_untouched) else TravelStatus.IN_PROGRESS


@dataclass(frozen=True)
class RefundConditions:
    """A fare's promise. None means that the fare does not state it."""

    allowed: bool | None
    penalty_minor: int | None


def conditions_of(stated: Condition | None) -> RefundConditions:
    """A condition as the fare product states it, for refunds and changes alike."""
    penalty = stated.penalty.amount_minor if stated and stated.penalty else None
    return RefundConditions(stated.allowed if stated else None, penalty)


@dataclass(frozen=True)
class TicketValue:
    """What one ticket was sold for."""

    fare_minor: int
    tax_minor: int


@dataclass(frozen=True)
class CancellationFigures:
    """`penalty_minor` is all that is kept, extras that were bought among it."""

    fare_minor: int
    tax_minor: int
    penalty_minor: int
    extras_minor: int = 0

    @property
    def refund_minor(self) -> int:
        return self.fare_minor + self.extras_minor + self.tax_minor - self.penalty_minor


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
    tickets: Sequence[TicketValue],
    conditions: RefundConditions,
    *,
    is_involuntary: bool,
    extras_minor: int = 0,
) -> CancellationFigures:
    """What cancelling these parts of tickets keeps and gives back. Nothing is kept when the traveller is not
    the cause, or undoes the purchase in time; else extras are kept, as they were bought."""
    kept = 0 if is_involuntary else sum(penalty_of(ticket, conditions) for ticket in tickets) + extras_minor
    return CancellationFigures(
        fare_minor=sum(ticket.fare_minor for ticket in tickets),
        tax_minor=sum(ticket.tax_minor for ticket in tickets),
        penalty_minor=kept,
        extras_minor=extras_minor,
    )


def is_in_void_window(bought_at: datetime | None, departs_at: datetime, now: datetime) -> bool:
    """The 24-hour rule: what was bought a week or more before its departure may be undone for a day."""
    if bought_at is None or departs_at - bought_at < VOID_NOTICE:
        return False
    return now < bought_at + VOID_WINDOW


def left_of(amounts: Sequence[int], left_minor: int) -> list[int]:
    """What of each amount stays, the first ones whole, so that they add up to `left_minor`."""
    kept = []
    for amount in amounts:
        kept.append(min(amount, left_minor))
        left_minor -= kept[-1]
    if left_minor:
        raise ValueError("more is to stay than there is")
    return kept

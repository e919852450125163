"""What a change costs, and whether a journey is still one after it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.bookings.rules import RefundConditions, TicketValue, penalty_of
from app.payments.schemas import RefundTo


@dataclass(frozen=True)
class ChangeFigures:
    """All in minor units of the booking's currency."""

    old_fare_minor: int
    old_tax_minor: int
    new_fare_minor: int
    new_tax_minor: int
    seats_back_minor: int
    penalty_minor: int

    @property
    def balance_minor(self) -> int:
        """What the traveller owes for the change; negative: what is owed to them."""
        old = self.old_fare_minor + self.old_tax_minor + self.seats_back_minor
        return self.new_fare_minor + self.new_tax_minor + self.penalty_minor - old

    @property
    def due_minor(self) -> int:
        return max(0, self.balance_minor)

    @property
    def residual_minor(self) -> int:
        return max(0, -self.balance_minor)


def change_penalty(
    tickets: Sequence[TicketValue], conditions: RefundConditions, *, is_involuntary: bool
) -> int:
    """What changing keeps: for each passenger as stated, never more than the fare given up; nothing when the
    flight is off."""
    return 0 if is_involuntary else sum(penalty_of(ticket, conditions) for ticket in tickets)


def is_in_order(slices: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether each slice (departs, arrives) leaves after the one before has arrived."""
    return all(before[1] < after[0] for before, after in itertools.pairwise(slices))


def residual_to(refunds: RefundConditions, *, is_free: bool) -> RefundTo:
    """Where what is left over goes. A fare that gives no money back does not do so by way of a cheaper one;
    nothing stands against it when the purchase could be undone, or the flight is off."""
    return RefundTo.PAYMENT if is_free or refunds.allowed is True else RefundTo.TRAVEL_CREDIT

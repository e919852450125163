"""The journal's arithmetic: every movement of money as lines that sum to zero.

`gateway` is what the provider holds for us, `customer` what we owe the traveller (a liability, so
negative while owed); `revenue`, `taxes` and `penalties` are what was earned or collected. `credits` is
what we owe as travel credit, `compensation` what was given away as such, `breakage` what nobody spent.
`disputes` is what banks have taken back while nothing is decided, `losses` what they kept.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from app.payments.schemas import PaymentStatus


class Account(StrEnum):
    GATEWAY = "gateway"
    CUSTOMER = "customer"
    REVENUE = "revenue"
    TAXES = "taxes"
    PENALTIES = "penalties"
    CREDITS = "credits"
    COMPENSATION = "compensation"
    BREAKAGE = "breakage"
    DISPUTES = "disputes"
    LOSSES = "losses"


# A payment only moves forward; the database holds the same pairs (trigger payments_move_forward).
MOVES = {
    PaymentStatus.CREATED: {
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.AUTHORISED,
        PaymentStatus.CAPTURED,
        PaymentStatus.FAILED,
        PaymentStatus.VOIDED,
    },
    PaymentStatus.REQUIRES_ACTION: {
        PaymentStatus.AUTHORISED,
        PaymentStatus.CAPTURED,
        PaymentStatus.FAILED,
        PaymentStatus.VOIDED,
    },
    PaymentStatus.AUTHORISED: {PaymentStatus.CAPTURED, PaymentStatus.FAILED, PaymentStatus.VOIDED},
    PaymentStatus.CAPTURED: {
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.REFUNDED,
        PaymentStatus.DISPUTED,
    },
    PaymentStatus.PARTIALLY_REFUNDED: {PaymentStatus.REFUNDED, PaymentStatus.DISPUTED},
    PaymentStatus.REFUNDED: {PaymentStatus.DISPUTED},
    PaymentStatus.DISPUTED: {PaymentStatus.WON, PaymentStatus.LOST},
    PaymentStatus.WON: {
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.REFUNDED,
        PaymentStatus.DISPUTED,
    },
    PaymentStatus.LOST: set[PaymentStatus](),
    PaymentStatus.FAILED: set[PaymentStatus](),
    PaymentStatus.VOIDED: set[PaymentStatus](),
}


def may_become(status: PaymentStatus, target: PaymentStatus) -> bool:
    return target in MOVES[status]


class Line(NamedTuple):
    """Debits are positive, credits negative."""

    account: Account
    amount_minor: int


def capture_lines(amount_minor: int) -> list[Line]:
    """Money came in: the provider holds it, and we owe the traveller a flight for it."""
    return [Line(Account.GATEWAY, amount_minor), Line(Account.CUSTOMER, -amount_minor)]


def sale_lines(fare_minor: int, tax_minor: int) -> list[Line]:
    """Tickets were issued for what was owed."""
    return _not_zero(
        Line(Account.CUSTOMER, fare_minor + tax_minor),
        Line(Account.REVENUE, -fare_minor),
        Line(Account.TAXES, -tax_minor),
    )


def cancellation_lines(fare_minor: int, tax_minor: int, penalty_minor: int) -> list[Line]:
    """The sale is taken back; the penalty is kept, and the rest is owed again."""
    return _not_zero(
        Line(Account.REVENUE, fare_minor),
        Line(Account.TAXES, tax_minor),
        Line(Account.PENALTIES, -penalty_minor),
        Line(Account.CUSTOMER, penalty_minor - fare_minor - tax_minor),
    )


def exchange_lines(old: tuple[int, int], new: tuple[int, int], penalty_minor: int) -> list[Line]:
    """One sale (fare, taxes) is taken back for another; who owes the difference settles it."""
    fare_minor, tax_minor = new[0] - old[0], new[1] - old[1]
    return _not_zero(
        Line(Account.REVENUE, -fare_minor),
        Line(Account.TAXES, -tax_minor),
        Line(Account.PENALTIES, -penalty_minor),
        Line(Account.CUSTOMER, fare_minor + tax_minor + penalty_minor),
    )


def split_lines(fare_minor: int, tax_minor: int) -> list[Line]:
    """What one booking gives up to another with a part of its sale; the other's are these turned round."""
    return _not_zero(
        Line(Account.REVENUE, fare_minor),
        Line(Account.TAXES, tax_minor),
        Line(Account.GATEWAY, -(fare_minor + tax_minor)),
    )


def refund_lines(amount_minor: int) -> list[Line]:
    """What was owed went back through the provider."""
    return [Line(Account.CUSTOMER, amount_minor), Line(Account.GATEWAY, -amount_minor)]


def credit_spent_lines(amount_minor: int) -> list[Line]:
    """Travel credit was used as money: we owe a flight for it and no longer the credit."""
    return [Line(Account.CREDITS, amount_minor), Line(Account.CUSTOMER, -amount_minor)]


def credit_for_refund_lines(amount_minor: int) -> list[Line]:
    """What was owed stays owed, as travel credit."""
    return [Line(Account.CUSTOMER, amount_minor), Line(Account.CREDITS, -amount_minor)]


def credit_for_compensation_lines(amount_minor: int) -> list[Line]:
    """Travel credit was given for nothing in return."""
    return [Line(Account.COMPENSATION, amount_minor), Line(Account.CREDITS, -amount_minor)]


def credit_expired_lines(amount_minor: int) -> list[Line]:
    """What nobody spent in time is no longer owed."""
    return [Line(Account.CREDITS, amount_minor), Line(Account.BREAKAGE, -amount_minor)]


def dispute_opened_lines(amount_minor: int) -> list[Line]:
    """The provider gave the money back to the cardholder's bank for now."""
    return [Line(Account.DISPUTES, amount_minor), Line(Account.GATEWAY, -amount_minor)]


def dispute_won_lines(amount_minor: int) -> list[Line]:
    return [Line(Account.GATEWAY, amount_minor), Line(Account.DISPUTES, -amount_minor)]


def dispute_lost_lines(amount_minor: int) -> list[Line]:
    return [Line(Account.LOSSES, amount_minor), Line(Account.DISPUTES, -amount_minor)]


def waiver_lines(penalty_minor: int, revenue_minor: int) -> list[Line]:
    """What had been kept or sold is given up, and owed to the traveller again."""
    return _not_zero(
        Line(Account.PENALTIES, penalty_minor),
        Line(Account.REVENUE, revenue_minor),
        Line(Account.CUSTOMER, -penalty_minor - revenue_minor),
    )


def spread(amount_minor: int, left_minor: Sequence[int]) -> list[int]:
    """How much of an amount each payment gives back, the first as much as it can; less when all is used."""
    parts = []
    for left in left_minor:
        parts.append(min(left, amount_minor))
        amount_minor -= parts[-1]
    return parts


def _not_zero(*lines: Line) -> list[Line]:
    return [line for line in lines if line.amount_minor != 0]

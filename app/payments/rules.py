"""The journal's arithmetic: every movement of money as lines that sum to zero.

`gateway` is what the provider holds for us, `customer` what we owe the traveller (a liability, so
negative while owed); `revenue`, `taxes` and `penalties` are what was earned or collected.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Account(StrEnum):
    GATEWAY = "gateway"
    CUSTOMER = "customer"
    REVENUE = "revenue"
    TAXES = "taxes"
    PENALTIES = "penalties"


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


def refund_lines(amount_minor: int) -> list[Line]:
    """What was owed went back through the provider."""
    return [Line(Account.CUSTOMER, amount_minor), Line(Account.GATEWAY, -amount_minor)]


def spread(amount_minor: int, left_minor: Sequence[int]) -> list[int]:
    """How much of an amount each payment gives back, the first as much as it can; less when all is used."""
    parts = []
    for left in left_minor:
        parts.append(min(left, amount_minor))
        amount_minor -= parts[-1]
    return parts


def _not_zero(*lines: Line) -> list[Line]:
    return [line for line in lines if line.amount_minor != 0]

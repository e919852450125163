from hypothesis import given
from hypothesis import strategies as st

from app.payments.rules import (
    Account,
    Line,
    cancellation_lines,
    capture_lines,
    refund_lines,
    sale_lines,
    spread,
)

amounts = st.integers(min_value=0, max_value=10**9)


def total(lines: list[Line]) -> int:
    return sum(line.amount_minor for line in lines)


@given(fare=amounts, tax=amounts, data=st.data())
def test_every_transaction_sums_to_zero(fare: int, tax: int, data: st.DataObject) -> None:
    penalty = data.draw(st.integers(min_value=0, max_value=fare))

    for lines in (
        capture_lines(fare + tax),
        sale_lines(fare, tax),
        cancellation_lines(fare, tax, penalty),
        refund_lines(fare + tax - penalty),
    ):
        assert total(lines) == 0


def test_lines_of_nothing_are_left_out() -> None:
    assert sale_lines(100, 0) == [Line(Account.CUSTOMER, 100), Line(Account.REVENUE, -100)]


@given(fare=amounts, tax=amounts, data=st.data())
def test_a_whole_life_owes_the_customer_nothing_and_keeps_the_penalty(
    fare: int, tax: int, data: st.DataObject
) -> None:
    penalty = data.draw(st.integers(min_value=0, max_value=fare))

    lines = [
        *capture_lines(fare + tax),
        *sale_lines(fare, tax),
        *cancellation_lines(fare, tax, penalty),
        *refund_lines(fare + tax - penalty),
    ]

    balance = {account: total([line for line in lines if line.account is account]) for account in Account}
    kept = {Account.GATEWAY: penalty, Account.PENALTIES: -penalty}
    assert balance == dict.fromkeys(Account, 0) | kept


@given(amount=amounts, left=st.lists(amounts, max_size=6))
def test_a_refund_over_several_payments_takes_from_the_first_as_much_as_it_can(
    amount: int, left: list[int]
) -> None:
    parts = spread(amount, left)

    assert sum(parts) == min(amount, sum(left))
    assert all(0 <= part <= most for part, most in zip(parts, left, strict=True))
    # Once a payment gives less than it could, those after it give nothing.
    short = next((place for place, part in enumerate(parts) if part < left[place]), len(parts))
    assert not any(parts[short + 1 :])

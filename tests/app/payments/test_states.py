"""A payment only moves forward: by our rules, by the database, and by any sequence of news."""

from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.payments import rules
from app.payments.rules import MOVES, may_become
from app.payments.schemas import OPEN_STATUSES, PaymentStatus
from tests.app.conftest import Owner
from tests.app.departures import make_booking

LINES = [
    rules.capture_lines,
    rules.refund_lines,
    rules.credit_spent_lines,
    rules.credit_for_refund_lines,
    rules.credit_for_compensation_lines,
    rules.credit_expired_lines,
    rules.dispute_opened_lines,
    rules.dispute_won_lines,
    rules.dispute_lost_lines,
]
amounts = st.integers(min_value=1, max_value=10**12)
news = st.lists(st.sampled_from(PaymentStatus), max_size=30)


@given(amount=amounts, other=amounts)
def test_every_movement_of_money_sums_to_zero(amount: int, other: int) -> None:
    for lines in (*(make(amount) for make in LINES), rules.waiver_lines(amount, other)):
        assert sum(line.amount_minor for line in lines) == 0
        assert all(line.amount_minor for line in lines)


@given(amount=amounts, wins=st.booleans())
def test_dispute_ends_with_nothing_in_dispute(amount: int, wins: bool) -> None:
    end = rules.dispute_won_lines if wins else rules.dispute_lost_lines
    lines = [*rules.capture_lines(amount), *rules.dispute_opened_lines(amount), *end(amount)]

    held = {
        account: sum(line.amount_minor for line in lines if line.account is account)
        for account in rules.Account
    }
    assert held[rules.Account.DISPUTES] == 0
    assert held[rules.Account.GATEWAY] == (amount if wins else 0)
    assert held[rules.Account.LOSSES] == (0 if wins else amount)


@given(told=news)
def test_whatever_is_told_a_payment_never_becomes_open_again(told: list[PaymentStatus]) -> None:
    status, path = PaymentStatus.CREATED, [PaymentStatus.CREATED]
    for target in told:
        if may_become(status, target):
            status = target
            path.append(status)

    settled = next((place for place, each in enumerate(path) if each not in OPEN_STATUSES), len(path))
    assert not any(each in OPEN_STATUSES for each in path[settled:])
    assert path.count(PaymentStatus.CAPTURED) <= 1
    assert PaymentStatus.CREATED not in path[1:]


def test_no_state_becomes_itself_and_the_ends_are_ends() -> None:
    assert not [status for status in PaymentStatus if may_become(status, status)]
    assert {status for status, targets in MOVES.items() if not targets} == {
        PaymentStatus.LOST,
        PaymentStatus.FAILED,
        PaymentStatus.VOIDED,
    }


@pytest.fixture
def payment(owner: Owner) -> UUID:
    payment_id = uuid7()
    owner.execute(
        "insert into app.payments (id, booking_id, gateway, status, amount_minor, currency, fraud_decision, "
        "fraud_score, created_at, request_id) "
        "values (%s, %s, 'sandbox', 'created', 100, 'USD', 'allow', 0, now(), 'req_test')",
        (payment_id, make_booking(owner)),
    )
    return payment_id


@pytest.mark.postgres
def test_database_allows_the_same_moves_and_no_other(owner: Owner, payment: UUID) -> None:
    allowed: dict[PaymentStatus, set[PaymentStatus]] = {status: set() for status in PaymentStatus}
    for status in PaymentStatus:
        for target in PaymentStatus:
            if target is not status and _moves(owner, payment, status, target):
                allowed[status].add(target)

    assert allowed == MOVES


def _moves(owner: Owner, payment: UUID, status: PaymentStatus, target: PaymentStatus) -> bool:
    with owner.transaction():
        owner.execute("alter table app.payments disable trigger payments_move_forward")
        owner.execute("update app.payments set status = %s where id = %s", (status, payment))
        owner.execute("alter table app.payments enable trigger payments_move_forward")
    try:
        owner.execute("update app.payments set status = %s where id = %s", (target, payment))
    except psycopg.errors.CheckViolation:
        return False
    return True

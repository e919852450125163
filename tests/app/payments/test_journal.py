"""The database itself keeps the journal balanced."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from app.core.db import transaction, violated_constraint
from app.core.ids import uuid7
from app.payments import journal
from app.payments.rules import Account, Line
from tests.app.conftest import Owner
from tests.app.departures import make_booking

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
BALANCED = [Line(Account.GATEWAY, 100), Line(Account.CUSTOMER, -100)]
LOPSIDED = [Line(Account.GATEWAY, 100), Line(Account.CUSTOMER, -99)]


async def post(booking_id: UUID, lines: list[Line]) -> None:
    async with transaction() as session:
        await journal.post(session, lines, "USD", booking_id, NOW)


def balance(owner: Owner, booking_id: UUID) -> object:
    row = owner.execute(
        "select count(*), sum(amount_minor) from app.journal_entries where booking_id = %s", (booking_id,)
    ).fetchone()
    assert row is not None
    return row


async def test_balanced_transaction_is_kept(core: None, owner: Owner) -> None:
    booking_id = make_booking(owner)

    await post(booking_id, BALANCED)

    assert balance(owner, booking_id) == (2, 0)


async def test_lopsided_transaction_is_refused_by_the_database(core: None, owner: Owner) -> None:
    booking_id = make_booking(owner)

    with pytest.raises(IntegrityError) as refusal:
        await post(booking_id, LOPSIDED)

    assert violated_constraint(refusal.value) == "journal_balances"
    assert balance(owner, booking_id) == (0, None)


async def test_two_currencies_do_not_balance_each_other(core: None, owner: Owner) -> None:
    booking_id, transaction_id = make_booking(owner), uuid7()

    with pytest.raises(psycopg.errors.CheckViolation, match="does not sum to zero"):
        owner.execute(
            "insert into app.journal_entries "
            "(id, transaction_id, account, amount_minor, currency, booking_id, occurred_at) values "
            "(%(a)s, %(transaction)s, 'gateway', 100, 'USD', %(booking)s, now()), "
            "(%(b)s, %(transaction)s, 'customer', -100, 'EUR', %(booking)s, now())",
            {"a": uuid7(), "b": uuid7(), "transaction": transaction_id, "booking": booking_id},
        )

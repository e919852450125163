"""What money is taken for, shown with a purpose of our own: one that is due whatever the booking is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import payment_service, purposes, service
from app.bookings.errors import NotPayable
from app.bookings.models import BookingRow
from app.bookings.schemas import PaymentAnswer, PaymentRequest
from app.core.idempotency import Idempotency
from app.core.ids import uuid7
from app.core.money import Money
from app.core.security import Caller, Role
from app.payments.schemas import Attempt
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    counters,
    departing,
    key_of,
    scalar,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SILENT = "tok_timeout_US_silent"


@dataclass
class Luggage:
    """Due once a ticket is there; what it buys is an item of the booking."""

    price_minor: int = 3500
    refuses: bool = False
    applied: list[UUID | None] = field(default_factory=list)

    async def amount_due(
        self, session: AsyncSession, booking: BookingRow, purpose_id: UUID | None, now: datetime
    ) -> Money:
        return Money(amount_minor=self.price_minor, currency=booking.currency)

    async def apply(
        self,
        session: AsyncSession,
        booking: BookingRow,
        purpose_id: UUID | None,
        attempt: Attempt,
        now: datetime,
    ) -> None:
        self.applied.append(purpose_id)
        item = {"id": uuid7(), "booking_id": booking.id, "amount": self.price_minor, "now": now}
        await session.execute(
            text(
                "insert into app.booking_items (id, booking_id, kind, code, description, amount_minor, "
                "currency, status, created_at) "
                "values (:id, :booking_id, 'ancillary', 'BAG', 'A bag', :amount, 'USD', 'live', :now)"
            ),
            item,
        )
        if self.refuses:
            raise NotPayable("the hold is full")


@pytest.fixture
def luggage(monkeypatch: pytest.MonkeyPatch) -> Luggage:
    purpose = Luggage()
    monkeypatch.setitem(purposes._known, "extras", purpose)
    return purpose


async def pay_for(
    traveller: Traveller, booking: dict[str, str], purpose_id: UUID, token: str = "tok_ok_US_card"
) -> PaymentAnswer:
    caller = Caller(str(traveller.user_id), frozenset({Role.CUSTOMER}), uuid7())
    key = Idempotency(caller.subject, "POST /test", f"extras {purpose_id}", b"same body")
    request = PaymentRequest(gateway="sandbox", card_token=token)
    return await payment_service.pay(key, caller, key_of(booking), request, "extras", purpose_id)


def bags(owner: Owner, booking: dict[str, str]) -> int:
    return int(
        scalar(
            owner,
            "select count(*) from app.booking_items where booking_id = %s and code = 'BAG'",
            key_of(booking),
        )
    )


async def test_payment_says_what_it_was_for(traveller: Traveller, owner: Owner, luggage: Luggage) -> None:
    booking = await traveller.book(departing(owner))
    bought = await traveller.pay(booking)

    answer = await pay_for(traveller, booking, order_id := uuid7())

    assert (bought["purpose"], answer.body.purpose) == ("booking", "extras")
    assert answer.body.amount == Money(amount_minor=luggage.price_minor, currency="USD")
    assert luggage.applied == [order_id]
    assert bags(owner, booking) == 1


async def test_repeated_payment_for_a_purpose_applies_once(
    traveller: Traveller, owner: Owner, luggage: Luggage
) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    order_id = uuid7()

    answers = [await pay_for(traveller, booking, order_id) for _ in range(3)]

    assert [answer.is_replay for answer in answers] == [False, True, True]
    assert len({answer.body.id for answer in answers}) == 1
    assert bags(owner, booking) == 1


async def test_lost_answer_is_applied_by_the_chore(
    traveller: Traveller,
    owner: Owner,
    gateway: GatewayProcess,
    luggage: Luggage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crash between charge and apply looks the same from here: the money moved, and nobody was told."""
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    order_id = uuid7()
    assert (await pay_for(traveller, booking, order_id, SILENT)).status_code == 202
    assert bags(owner, booking) == 0
    age_attempts(owner, booking)

    await service.resolve_stuck_payments()

    assert bags(owner, booking) == 1
    assert luggage.applied == [order_id]
    assert (await pay_for(traveller, booking, order_id, SILENT)).body.status == "captured"


async def test_purpose_that_refuses_leaves_nothing_and_the_money_goes_back(
    traveller: Traveller, owner: Owner, luggage: Luggage
) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    luggage.refuses = True

    answer = await pay_for(traveller, booking, uuid7())

    assert (answer.body.status, answer.body.refunded) == ("refunded", answer.body.amount)
    assert bags(owner, booking) == 0
    assert_money_is_conserved(owner, booking)


async def test_tickets_are_not_issued_for_more_than_was_paid(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody adds to a held booking while its payment is under way, against the rule."""
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))
    departure = departing(owner)
    booking = await traveller.book(departure)
    payment = await traveller.pay(booking, SILENT)
    owner.execute(
        "insert into app.booking_items (id, booking_id, kind, code, description, amount_minor, currency, "
        "status, created_at) values (%s, %s, 'ancillary', 'BAG', 'A bag', 100, 'USD', 'live', now())",
        (uuid7(), key_of(booking)),
    )
    age_attempts(owner, booking)

    await service.resolve_stuck_payments()

    returned = (await traveller.get(f"/v1/payments/{payment['id']}")).json()
    assert (returned["status"], returned["refunded"]) == ("refunded", booking["total"])
    assert (await traveller.read(booking))["status"] == "held"
    assert counters(owner, departure) == (1, 0)
    bought = await traveller.pay(booking)
    assert bought["amount"]["amount_minor"] == booking["total"]["amount_minor"] + 100
    assert (await traveller.read(booking))["status"] == "ticketed"


async def test_nothing_due_is_refused(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    owner.execute(
        "update app.booking_items set status = 'cancelled' where booking_id = %s", (key_of(booking),)
    )

    answer = await traveller.post(
        f"/v1/bookings/{booking['id']}/payments", {"gateway": "sandbox", "card_token": "tok_ok_US_card"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_due")

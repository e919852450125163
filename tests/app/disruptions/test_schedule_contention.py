"""Many at once around a disruption: one decision, one ticket, nobody unasked."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import service as payments
from app.bookings.access import get_own_booking
from app.bookings.reaccommodation import store as moving
from app.core.db import transaction
from app.core.security import Caller
from app.disruptions.changes import service, store
from app.disruptions.changes.asking_service import look_at_bookings
from app.flights import service as flights
from tests.app.bookings.test_payments import SILENT
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    counters,
    key_of,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.disruptions.disrupted import (
    HOUR,
    a_day,
    ask_everybody,
    disrupt,
    flight,
    open_change,
    public_id,
    ticketed,
)
from tests.app.disruptions.test_schedule_changes import coupons, decide
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def test_two_accepts_at_once_move_the_booking_once(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    day = a_day()
    cancelled, later = flight(owner, day), flight(owner, day + 2 * HOUR)
    booking = await ticketed(traveller, cancelled)
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    change = await open_change(traveller, booking)

    answers = await asyncio.gather(*(decide(traveller, change, "accept") for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert counters(owner, later) == (0, 1)
    assert coupons(await traveller.read(booking)) == ["exchanged", "open"]


async def test_without_its_guards_two_accepts_would_not_be_told_apart(
    traveller: Traveller, operator: Operator, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: with neither lock nor conditional update, only the database's own key is left
    between a traveller and two sets of coupons, and it knows no polite refusal."""
    day = a_day()
    cancelled = flight(owner, day)
    flight(owner, day + 2 * HOUR)
    booking = await ticketed(traveller, cancelled)
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    change = await open_change(traveller, booking)

    async def unguarded(session: AsyncSession, caller: Caller, change_id: UUID) -> Any:
        row = await store.find_change(session, change_id)
        assert row is not None
        return await get_own_booking(session, row.booking_id, caller), row

    async def decided(*_: Any) -> bool:
        return True

    async def all_exchanged(_: AsyncSession, coupon_ids: list[UUID]) -> int:
        return len(coupon_ids)

    monkeypatch.setattr(service, "_lock", unguarded)
    monkeypatch.setattr(store, "decide", decided)
    monkeypatch.setattr(moving, "exchange_coupons", all_exchanged)
    answers = await asyncio.gather(*(decide(traveller, change, "accept") for _ in range(6)))

    assert 500 in {answer.status_code for answer in answers}


async def test_money_that_comes_for_a_cancelled_flight_goes_back(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    cancelled = flight(owner, a_day())
    booking = await paid_while_cancelled(traveller, operator, owner, cancelled)

    assert (await traveller.read(booking))["status"] == "expired"
    assert counters(owner, cancelled) == (0, 0)
    assert_money_is_conserved(owner, booking)


async def test_without_its_guard_that_money_would_buy_a_ticket_nobody_asks_about(
    traveller: Traveller, operator: Operator, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""
    monkeypatch.setattr(flights, "ensure_operates", lambda flight: None)
    cancelled = flight(owner, a_day())

    booking = await paid_while_cancelled(traveller, operator, owner, cancelled)

    assert (await traveller.read(booking))["status"] == "ticketed"
    listed = (await traveller.get(f"/v1/bookings/{booking['id']}/schedule-changes")).json()["data"]
    assert listed == []


async def paid_while_cancelled(
    traveller: Traveller, operator: Operator, owner: Owner, cancelled: Any
) -> dict[str, Any]:
    """The gateway is silent; the flight is cancelled and its bookings looked at; then the gateway answers."""
    booking = await traveller.book(cancelled)
    await traveller.pay(booking, SILENT)
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    assert (await traveller.read(booking))["status"] == "held"
    age_attempts(owner, booking)
    await payments.resolve_stuck_payments()
    age_attempts(owner, booking)
    await payments.resolve_stuck_payments()
    return booking


async def test_payments_and_a_cancellation_at_once_leave_nobody_unasked(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    """Whoever was ticketed first is asked, whoever came too late has the money back; nobody in between."""
    cancelled = flight(owner, a_day())
    travellers = [new_traveller(traveller.client, owner) for _ in range(6)]
    bookings = [await each.book(cancelled) for each in travellers]

    async def pay(who: Traveller, booking: dict[str, Any]) -> None:
        await who.post(
            f"/v1/bookings/{booking['id']}/payments",
            {"gateway": "sandbox", "card_token": "tok_ok_US_card"},
        )

    await asyncio.gather(
        *(pay(who, booking) for who, booking in zip(travellers, bookings, strict=True)),
        disrupt(operator, cancelled, "cancel"),
    )
    await ask_everybody()

    for who, booking in zip(travellers, bookings, strict=True):
        status = (await who.read(booking))["status"]
        asked = scalar(
            owner,
            "select count(*) from app.schedule_changes where booking_id = %s and status = 'open'",
            key_of(booking),
        )
        assert (status, asked) in (("ticketed", 1), ("expired", 0), ("cancelled", 0))
        assert_money_is_conserved(owner, booking)


async def look_and_lose_power() -> None:
    async with transaction() as session:
        await look_at_bookings(session, datetime.now(UTC), 2)
        raise RuntimeError("the power is gone")


async def test_a_crash_in_the_middle_asks_nobody_twice(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    cancelled = flight(owner, a_day())
    travellers = [new_traveller(traveller.client, owner) for _ in range(3)]
    bookings = [await ticketed(each, cancelled) for each in travellers]
    disruption = (await disrupt(operator, cancelled, "cancel"))["disruption"]

    with pytest.raises(RuntimeError, match="power"):
        await look_and_lose_power()
    await ask_everybody()

    asked = [
        scalar(owner, "select count(*) from app.schedule_changes where booking_id = %s", key_of(booking))
        for booking in bookings
    ]
    assert asked == [1, 1, 1]
    listed = (await operator.get(f"/v1/admin/flights/{public_id(cancelled)}/disruptions")).json()["data"]
    assert [(each["id"], each["bookings_changed"]) for each in listed] == [(disruption["id"], 3)]
    assert listed[0]["done_at"] is not None

"""What happens to one booking, or one seat, twice at once happens once. Each promise names its control: the
same with the guard taken away, which breaks it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import service, store
from app.bookings.schemas import CouponStatus
from app.core.db import transaction
from app.inventory import service as inventory
from app.inventory.errors import HoldExpired
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
    new_traveller,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ONE_SEAT = {"Y": 1}
ROUNDS = 4


def deadline_of(booking: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(booking["payment_required_by"])


def open_coupons(owner: Owner, departure: Departure) -> int:
    statement = "select count(*) from app.coupons where flight_id = %s and status = 'open'"
    return int(scalar(owner, statement, departure.flight_id))


async def pay_just_in_time(traveller: Traveller, booking: dict[str, Any]) -> httpx2.Response:
    on_time = traveller.at(deadline_of(booking) - timedelta(milliseconds=1))
    return await on_time.post(f"/v1/bookings/{booking['id']}/payments", payment_request())


async def test_a_hold_paid_swept_and_bought_by_another_at_its_last_moment_is_one_persons_seat(
    traveller: Traveller, owner: Owner
) -> None:
    """Its owner is a millisecond early, the sweeper and the next buyer come at the deadline. The control is
    test_a_hold_that_ended_and_is_sold_all_the_same_seats_two."""
    for _ in range(ROUNDS):
        departure, quick = departing(owner, seats=ONE_SEAT), new_traveller(traveller.client, owner)
        offer = await traveller.offer(departure)
        booking = await traveller.book(departure)
        deadline = deadline_of(booking)

        async def sweep(deadline: datetime = deadline) -> None:
            async with transaction() as session:
                await service.expire_dead_holds(session, deadline)

        paid, _, bought = await asyncio.gather(
            pay_just_in_time(traveller, booking),
            sweep(),
            quick.at(deadline).post("/v1/bookings", booking_request(offer)),
        )

        after = await traveller.at(deadline).read(booking)
        is_ticketed, is_bought = after["status"] == "ticketed", bought.status_code == 201
        assert is_ticketed != is_bought, (paid.text, bought.text)
        assert counters(owner, departure) == ((0, 1) if is_ticketed else (1, 0))
        assert open_coupons(owner, departure) == is_ticketed
        assert_money_is_conserved(owner, booking)


async def test_a_hold_that_ended_and_is_sold_all_the_same_seats_two(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a payment that does not look whether the hold is still there."""
    sell = inventory.sell_held_seats

    async def sell_whatever_became_of_it(session: AsyncSession, booking_id: UUID, now: datetime) -> None:
        try:
            await sell(session, booking_id, now)
        except HoldExpired:
            return

    monkeypatch.setattr(inventory, "sell_held_seats", sell_whatever_became_of_it)
    departure, quick = departing(owner, seats=ONE_SEAT), new_traveller(traveller.client, owner)
    offer = await traveller.offer(departure)
    booking = await traveller.book(departure)

    later = quick.at(deadline_of(booking))
    bought = (await later.post("/v1/bookings", booking_request(offer))).json()
    assert (await later.pay(bought))["status"] == "captured"
    assert (await pay_just_in_time(traveller, booking)).json()["status"] == "captured"

    assert counters(owner, departure) == (0, 1)
    assert open_coupons(owner, departure) == 2


async def confirm_both(
    traveller: Traveller, owner: Owner
) -> tuple[dict[str, Any], tuple[httpx2.Response, httpx2.Response], Departure]:
    """A change and a cancellation of one booking at once; somebody else has a seat on the same flight."""
    old, new = departing(owner), departing(owner)
    other = await traveller.book(old, brand="Flex")
    booking = await traveller.book(old, brand="Flex")
    for each in (other, booking):
        await traveller.pay(each)
    offer = await traveller.offer(new, brand="Flex")
    change = await traveller.post(f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"]})
    cancellation = await traveller.quote(booking)

    answers = await asyncio.gather(
        traveller.post(f"/v1/changes/{change.json()['id']}/confirm", {}), traveller.confirm(cancellation)
    )
    return booking, answers, old


async def test_a_booking_is_changed_or_cancelled_and_never_both(traveller: Traveller, owner: Owner) -> None:
    """The control is test_without_its_guards_a_booking_is_changed_and_cancelled."""
    for _ in range(ROUNDS):
        booking, answers, old = await confirm_both(traveller, owner)

        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert counters(owner, old) == (0, 1)
        assert_money_is_conserved(owner, booking)


async def test_without_its_guards_a_booking_is_changed_and_cancelled(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: no lock on the booking, and coupons given back whatever became of them. Nobody is told
    that they came second."""
    both_have_looked = asyncio.Barrier(2)

    async def give_back_unseen(
        session: AsyncSession, coupon_ids: Sequence[UUID], status: CouponStatus
    ) -> int:
        await both_have_looked.wait()
        statement = text("update app.coupons set status = :status where id = any(:ids)")
        await session.execute(statement, {"status": status, "ids": list(coupon_ids)})
        return len(coupon_ids)

    monkeypatch.setattr(store, "find_booking_for_update", store.find_booking)
    monkeypatch.setattr(store, "give_back_coupons", give_back_unseen)

    _, answers, _ = await confirm_both(traveller, owner)

    # Mostly both go through and the money goes back twice; else the database breaks a circle of waiting.
    assert 409 not in {answer.status_code for answer in answers}

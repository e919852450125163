"""Checking in through the API: when, whom, once, and back again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import coupon_service, store
from app.bookings.access import get_own_booking
from app.bookings.schemas import BoardingOutcome, CouponStatus
from app.core.ids import uuid7
from tests.app.bookings.travellers import (
    Traveller,
    departing,
    event_types,
    key_of,
    new_traveller,
    scalar,
)
from tests.app.checkin.gates import buy, check_in, on_the_day, passes, refusal, statuses
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

# Until a transaction is seen to wait for another: 10 s in all.
WAIT_STEPS, WAIT_STEP_SECONDS = 500, 0.02


async def test_everyone_is_checked_in_with_a_number_of_their_own(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, ("adult", "adult", "infant"))
    today = on_the_day(traveller, departure)

    answer = await check_in(today, booking)

    assert answer.status_code == 200, answer.text
    states = answer.json()["data"]
    assert [state["status"] for state in states] == ["checked_in"] * 3
    assert sorted(state["acceptance"]["sequence_number"] for state in states) == [1, 2, 3]
    assert statuses(await traveller.read(booking)) == ["checked_in"] * 3
    assert event_types(owner, booking).count("CouponCheckedIn") == 3


@pytest.mark.parametrize(
    ("before", "is_open"),
    [
        (timedelta(hours=24, minutes=1), False),
        (timedelta(hours=24), True),
        (timedelta(minutes=41), True),
        (timedelta(minutes=40), False),
    ],
)
async def test_check_in_keeps_its_hours(
    traveller: Traveller, owner: Owner, before: timedelta, is_open: bool
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)

    answer = await check_in(on_the_day(traveller, departure, before), booking)

    if is_open:
        assert answer.status_code == 200
    else:
        assert refusal(answer) == (409, "check_in_not_open")


async def test_check_in_is_among_the_actions_while_it_is_open_and_somebody_can_be(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, ("adult", "infant"))

    async def is_listed(who: Traveller) -> bool:
        return "check_in" in (await who.read(booking))["available_actions"]

    today = on_the_day(traveller, departure)
    assert not await is_listed(traveller), "it opens a day before"
    assert await is_listed(today)
    assert (await check_in(today, booking)).status_code == 200
    assert not await is_listed(today), "everybody is checked in"
    infant = booking["passengers"][1]["id"]
    await today.post(f"/v1/bookings/{booking['id']}/check-in/undo", {"passenger_ids": [infant]})
    assert await is_listed(today), "the infant goes with the adult who is"
    assert not await is_listed(traveller.at(departure.departs_at - timedelta(minutes=40)))


async def test_a_held_booking_cannot_be_checked_in(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)

    answer = await check_in(on_the_day(traveller, departure), booking)

    assert refusal(answer) == (409, "coupon_not_open")


async def test_anothers_booking_does_not_exist(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    stranger = new_traveller(traveller.client, owner)

    assert refusal(await check_in(on_the_day(stranger, departure), booking)) == (404, "booking_not_found")
    for path in ("check-in", "boarding-passes"):
        answer = await stranger.get(f"/v1/bookings/{booking['id']}/{path}")
        assert refusal(answer) == (404, "booking_not_found")


async def test_one_passenger_is_checked_in_and_the_other_left(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, ("adult", "adult"))
    today = on_the_day(traveller, departure)
    first = booking["passengers"][0]["id"]

    answer = await check_in(today, booking, {"passenger_ids": [first]})

    states = {state["passenger_id"]: state["status"] for state in answer.json()["data"]}
    assert states[first] == "checked_in"
    assert sorted(states.values()) == ["checked_in", "open"]
    assert len(await passes(today, booking)) == 1


async def test_an_infant_goes_with_an_adult(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, ("adult", "infant"))
    today = on_the_day(traveller, departure)
    infant = next(each["id"] for each in booking["passengers"] if each["type"] == "infant")
    adult = next(each["id"] for each in booking["passengers"] if each["type"] == "adult")

    alone = await check_in(today, booking, {"passenger_ids": [infant]})
    together = await check_in(today, booking)
    left = await today.post(f"/v1/bookings/{booking['id']}/check-in/undo", {"passenger_ids": [adult]})

    assert refusal(alone) == (409, "infant_needs_adult")
    assert together.status_code == 200
    assert refusal(left) == (409, "infant_needs_adult")


@pytest.mark.parametrize("field", ["passenger_ids", "segment_ids"])
async def test_strangers_to_the_booking_are_named_in_the_refusal(
    traveller: Traveller, owner: Owner, field: str
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    prefix = {"passenger_ids": "pas", "segment_ids": "seg"}[field]

    answer = await check_in(on_the_day(traveller, departure), booking, {field: [f"{prefix}_{uuid7().hex}"]})

    assert refusal(answer) == (422, "traveller_unknown")
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


async def test_a_repeat_of_the_key_gets_the_same_answer(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today, key = on_the_day(traveller, departure), uuid7().hex
    path = f"/v1/bookings/{booking['id']}/check-in"

    first = await today.post(path, {}, key)
    again = await today.post(path, {}, key)
    other = await today.post(path, {})

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert refusal(other) == (409, "nothing_to_check_in")
    assert event_types(owner, booking).count("CouponCheckedIn") == 1


async def test_check_in_is_taken_back_and_given_again_under_a_new_number(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, brand="Flex")
    today = on_the_day(traveller, departure)
    await check_in(today, booking)
    refused = await today.post(f"/v1/bookings/{booking['id']}/cancellations")

    undone = await today.post(f"/v1/bookings/{booking['id']}/check-in/undo", {})
    quote = await today.quote(booking)
    again = await check_in(today, booking)

    assert refusal(refused) == (409, "booking_not_cancellable")
    assert undone.json()["data"][0]["status"] == "open"
    assert undone.json()["data"][0]["acceptance"] is None
    assert quote["status"] == "quoted"
    assert again.json()["data"][0]["acceptance"]["sequence_number"] == 2
    assert "CheckInUndone" in event_types(owner, booking)


async def test_a_coupon_opened_again_elsewhere_is_checked_in_anew(traveller: Traveller, owner: Owner) -> None:
    """As an airline does whose flight was off for an hour: nobody took the check-in back."""
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today = on_the_day(traveller, departure)
    await check_in(today, booking)
    owner.execute("update app.coupons set status = 'open' where booking_id = %s", (key_of(booking),))
    opened = (await today.get(f"/v1/bookings/{booking['id']}/check-in")).json()["data"][0]

    again = await check_in(today, booking)

    assert opened["acceptance"] is None
    assert again.status_code == 200, again.text
    assert again.json()["data"][0]["acceptance"]["sequence_number"] == 2


async def test_a_whole_cabin_checks_in_at_once_without_sharing_a_number(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    bookings = [await buy(traveller, departure, brand="Flex") for _ in range(12)]
    today = on_the_day(traveller, departure)

    answers = await asyncio.gather(*(check_in(today, booking) for booking in bookings))

    assert [answer.status_code for answer in answers] == [200] * 12
    numbers = [answer.json()["data"][0]["acceptance"]["sequence_number"] for answer in answers]
    assert sorted(numbers) == list(range(1, 13))


async def test_check_in_keeps_no_name_outside_of_the_vault(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today = on_the_day(traveller, departure)

    await check_in(today, booking)
    await passes(today, booking)

    kept = scalar(
        owner,
        "select coalesce(string_agg(response::text, ' '), '') || coalesce("
        "(select string_agg(payload::text, ' ') from app.domain_events where booking_id = %s), '') "
        "from app.idempotency_records where route like %s",
        key_of(booking),
        f"%{booking['id']}/check-in",
    )
    assert "sequence_number" in kept
    assert "Ferry" not in kept


async def cancel(traveller: Traveller, quote: dict[str, Any]) -> int:
    return (await traveller.confirm(quote)).status_code


async def test_of_cancelling_and_checking_in_at_once_only_one_happens(
    traveller: Traveller, owner: Owner
) -> None:
    """Whoever comes second is refused: a checked-in coupon is not refunded, a refunded one not checked in."""
    outcomes = set()
    for _ in range(6):
        departure = departing(owner)
        booking = await buy(traveller, departure, ("adult", "adult"), brand="Flex")
        today = on_the_day(traveller, departure)
        quote = await today.quote(booking)

        accepted, confirmed = await asyncio.gather(check_in(today, booking), cancel(today, quote))

        read = await today.read(booking)
        if read["status"] == "cancelled":
            assert (confirmed, refusal(accepted)) == (200, (409, "coupon_not_open"))
            assert statuses(read) == ["refunded"] * 2
        else:
            assert (confirmed, accepted.status_code) == (409, 200)
            assert statuses(read) == ["checked_in"] * 2
        outcomes.add(read["status"])
    assert outcomes <= {"cancelled", "ticketed"}


async def cancel_between_look_and_move(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch, *, compares: bool = True
) -> tuple[httpx2.Response, int, dict[str, Any]]:
    """A cancellation confirmed after a check-in has looked at its coupons and before it moves them: what
    both were answered, and the booking after both."""
    departure = departing(owner)
    booking = await buy(traveller, departure, brand="Flex")
    today = on_the_day(traveller, departure)
    quote = await today.quote(booking)
    move, confirming = store.move_coupons, []

    async def move_later(
        session: AsyncSession,
        coupon_ids: Sequence[UUID],
        sources: Sequence[CouponStatus],
        target: CouponStatus,
        outcome: BoardingOutcome | None,
    ) -> Sequence[UUID]:
        confirming.append(asyncio.create_task(cancel(today, quote)))
        for _ in range(WAIT_STEPS):
            if confirming[0].done() or scalar(owner, "select count(*) from pg_locks where not granted"):
                break
            await asyncio.sleep(WAIT_STEP_SECONDS)
        return await move(session, coupon_ids, sources if compares else list(CouponStatus), target, outcome)

    monkeypatch.setattr(store, "move_coupons", move_later)
    accepted = await check_in(today, booking)
    return accepted, await confirming[0], await today.read(booking)


async def test_a_cancellation_waits_for_the_check_in_before_it_and_is_refused(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted, confirmed, booking = await cancel_between_look_and_move(traveller, owner, monkeypatch)

    assert (accepted.status_code, confirmed) == (200, 409)
    assert (booking["status"], statuses(booking)) == ("ticketed", ["checked_in"])


async def test_were_the_booking_not_locked_the_coupon_would_still_be_compared(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupon_service, "get_own_booking_for_update", get_own_booking)

    accepted, confirmed, booking = await cancel_between_look_and_move(traveller, owner, monkeypatch)

    assert (refusal(accepted), confirmed) == ((409, "coupon_not_open"), 200)
    assert (booking["status"], statuses(booking)) == ("cancelled", ["refunded"])


async def test_with_neither_guard_a_passenger_flies_who_was_paid_back(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: no lock on the booking, and no look at the coupon when it is moved."""
    monkeypatch.setattr(coupon_service, "get_own_booking_for_update", get_own_booking)

    accepted, confirmed, booking = await cancel_between_look_and_move(
        traveller, owner, monkeypatch, compares=False
    )

    assert (accepted.status_code, confirmed) == (200, 200)
    assert (booking["status"], statuses(booking)) == ("cancelled", ["checked_in"])

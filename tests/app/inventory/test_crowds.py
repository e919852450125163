"""Crowds at the API: two hundred buyers for the last seat, sales up to what is authorised, crossing journeys.

Each promise has its control: the same crowd with the guard taken away, which breaks it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx2
import pytest

from app.inventory import store
from tests.app.bookings.conftest import gateway, traveller
from tests.app.bookings.travellers import (
    Traveller,
    booking_request,
    counters,
    departing,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.crowds import answered, forget_holds, hold_uncounted
from tests.app.departures import Departure

__all__ = ["gateway", "traveller"]

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

BUYERS = 200


async def book(buyer: Traveller, offer: dict[str, Any]) -> httpx2.Response:
    return await answered(partial(buyer.post, "/v1/bookings", booking_request(offer)))


async def rush(
    owner: Owner, traveller: Traveller, departure: Departure, buyers: int
) -> list[httpx2.Response]:
    """So many people at once book the same offer."""
    offer = await traveller.offer(departure)
    people = [new_traveller(traveller.client, owner) for _ in range(buyers)]
    return await asyncio.gather(*(book(buyer, offer) for buyer in people))


def outcomes(answers: Sequence[httpx2.Response]) -> dict[tuple[int, str | None], int]:
    found: dict[tuple[int, str | None], int] = {}
    for answer in answers:
        key = answer.status_code, answer.json().get("code")
        found[key] = found.get(key, 0) + 1
    return found


def seats_held(owner: Owner, departure: Departure) -> int:
    """By the holds themselves, whatever the counters say."""
    statement = "select coalesce(sum(seats), 0) from app.seat_holds where flight_id = %s"
    return int(scalar(owner, statement, departure.flight_id))


async def test_two_hundred_buyers_of_the_last_seat_are_one_winner_and_the_rest_a_typed_refusal(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner, seats={"Y": 1})

    answers = await rush(owner, traveller, departure, BUYERS)

    assert outcomes(answers) == {(201, None): 1, (409, "sold_out"): BUYERS - 1}
    assert counters(owner, departure) == (1, 0)
    assert seats_held(owner, departure) == 1
    statement = "select count(*) from app.segments where flight_id = %s"
    assert scalar(owner, statement, departure.flight_id) == 1, "a refused booking leaves nothing"


async def test_looking_before_holding_sells_the_last_seat_to_everybody_who_looked(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the one statement that counts and holds is replaced by an insert. Each lot of bookings
    still reckons with the seats it saw, and that is no promise."""
    departure = departing(owner, seats={"Y": 1})
    monkeypatch.setattr(store, "hold_seats_for_update", hold_uncounted)
    offer = await traveller.offer(departure)

    answers = [await book(new_traveller(traveller.client, owner), offer) for _ in range(3)]

    assert outcomes(answers) == {(201, None): 3}
    assert seats_held(owner, departure) == 3
    forget_holds(owner, departure)


async def test_overbooked_cabin_sells_to_exactly_what_is_authorised(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner, seats={"Y": 10})
    owner.execute(
        "update app.cabin_inventories set authorised = 12, limits = '{12}' where flight_id = %s",
        (departure.flight_id,),
    )

    answers = await rush(owner, traveller, departure, 40)

    assert outcomes(answers) == {(201, None): 12, (409, "sold_out"): 28}
    assert counters(owner, departure) == (12, 0)


async def test_nested_classes_rushed_at_once_keep_their_limits(traveller: Traveller, owner: Owner) -> None:
    """The cheap class takes of the dear one's seats, and never more than its own limit."""
    departure = departing(owner, seats={"Y": 12, "K": 5})
    flex, basic = (
        await traveller.offer(departure, brand="Flex"),
        await traveller.offer(departure, brand="Basic"),
    )
    people = [new_traveller(traveller.client, owner) for _ in range(40)]

    answers = await asyncio.gather(
        *(book(buyer, (flex, basic)[place % 2]) for place, buyer in enumerate(people))
    )

    cheap = sum(answer.status_code == 201 for answer in answers[1::2])
    assert cheap <= 5
    assert outcomes(answers) == {(201, None): 12, (409, "sold_out"): 28}


async def test_holds_payments_and_cancellations_at_once_leave_no_seat_behind(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner, seats={"Y": 8})
    offer = await traveller.offer(departure)

    async def live(place: int) -> int:
        """Buys; every second gives up or gives back."""
        buyer = new_traveller(traveller.client, owner)
        booked = await book(buyer, offer)
        if booked.status_code != 201:
            return 0
        booking = booked.json()
        if place % 2:
            paying = partial(
                buyer.post,
                f"/v1/bookings/{booking['id']}/payments",
                {"gateway": "sandbox", "card_token": "tok_ok_US_card"},
            )
            assert (await answered(paying)).status_code in (201, 202)
        if place % 3:
            return 1
        quote = await answered(partial(buyer.post, f"/v1/bookings/{booking['id']}/cancellations"))
        path = f"/v1/cancellations/{quote.json()['id']}/confirm"
        assert (await answered(partial(buyer.post, path))).status_code == 200
        return 0

    kept = sum(await asyncio.gather(*(live(place) for place in range(40))))

    held, sold = counters(owner, departure)
    assert held + sold == kept <= 8
    assert seats_live(owner, departure) == held


def seats_live(owner: Owner, departure: Departure) -> int:
    statement = (
        "select coalesce(sum(seats), 0) from app.seat_holds where flight_id = %s and released_at is null"
    )
    return int(scalar(owner, statement, departure.flight_id))

"""Seats at check-in on a flight that was sold beyond its seats."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.app.bookings.travellers import Traveller, departing, event_types
from tests.app.checkin.gates import buy, check_in, gate_of, on_the_day, passes, refusal
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SEATS = 3


def oversold(owner: Owner, *, seats: int = SEATS, authorised: int = SEATS + 2) -> Departure:
    """A departure with fewer seats than may be sold."""
    departure = departing(owner, seats={"Y": authorised})
    owner.execute(
        "update app.cabin_inventories set capacity = %s where flight_id = %s", (seats, departure.flight_id)
    )
    return departure


async def standing(traveller: Traveller, booking: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/bookings/{booking['id']}/check-in")
    return dict(answer.json()["data"][0]["acceptance"])


async def test_everyone_gets_a_seat_of_their_own_while_there_are_seats(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, ("adult", "adult", "child", "infant"))
    today = on_the_day(traveller, departure)

    states = (await check_in(today, booking)).json()["data"]

    kinds = {passenger["id"]: passenger["type"] for passenger in booking["passengers"]}
    seats = {kinds[state["passenger_id"]]: state["acceptance"]["seat"] for state in states}
    given = [state["acceptance"]["seat"] for state in states if state["acceptance"]["seat"]]
    assert seats["infant"] is None
    assert len(set(given)) == 3
    said = sorted(each["barcode"][48:52] for each in await passes(today, booking))
    assert said == sorted(["INF ", *(f"{seat:>4}".replace(" ", "0") for seat in given)])


async def test_of_more_travellers_than_seats_the_last_wait_on_standby(
    traveller: Traveller, owner: Owner
) -> None:
    departure = oversold(owner)
    bookings = [await buy(traveller, departure) for _ in range(SEATS + 2)]
    today = on_the_day(traveller, departure)

    answers = await asyncio.gather(*(check_in(today, booking) for booking in bookings))

    accepted = [answer.json()["data"][0]["acceptance"] for answer in answers]
    seats = [each["seat"] for each in accepted if not each["standby"]]
    assert len(set(seats)) == len(seats) == SEATS
    assert sum(each["standby"] for each in accepted) == 2
    assert all(each["seat"] is None for each in accepted if each["standby"])
    last = max(accepted, key=lambda each: each["sequence_number"])
    assert last["standby"]
    (cabin,) = (await gate_of(traveller.client, departure).read())["cabins"]
    assert (cabin["capacity"], cabin["checked_in"], cabin["standby"]) == (SEATS, SEATS, 2)


async def test_standby_is_cleared_when_a_seat_becomes_free_and_boards_as_such(
    traveller: Traveller, owner: Owner
) -> None:
    departure = oversold(owner)
    bookings = [await buy(traveller, departure) for _ in range(SEATS + 2)]
    today, gate = on_the_day(traveller, departure), gate_of(traveller.client, departure)
    for booking in bookings:
        await check_in(today, booking)
    waiting = bookings[SEATS]
    (standby_pass,) = await passes(today, waiting)
    early = await gate.scan(standby_pass["barcode"])
    full = await gate.post("/standby", {"coupon_id": waiting["tickets"][0]["coupons"][0]["id"]})

    volunteer = bookings[0]["tickets"][0]["coupons"][0]["id"]
    await gate.post("/denials", {"kind": "voluntary", "coupon_id": volunteer})
    cleared = await gate.post("/standby", {})
    (seated_pass,) = await passes(today, waiting)
    boarded = await gate.scan(seated_pass["barcode"])

    assert standby_pass["barcode"][48:52] == "STBY"
    assert refusal(early) == (409, "standby_not_cleared")
    assert refusal(full) == (409, "cabin_full")
    assert cleared.json()["cabins"][0]["standby"] == 1
    assert not (await standing(today, waiting))["standby"]
    assert (await standing(today, bookings[SEATS + 1]))["standby"]
    assert boarded.json()["boarding_outcome"] == "standby_cleared"


async def test_whoever_waits_in_vain_was_denied_boarding_and_is_paid(
    traveller: Traveller, owner: Owner
) -> None:
    departure = oversold(owner)
    bookings = [await buy(traveller, departure) for _ in range(SEATS + 1)]
    today, gate = on_the_day(traveller, departure), gate_of(traveller.client, departure)
    for booking in bookings:
        await check_in(today, booking)
    for booking in bookings[:SEATS]:
        (issued,) = await passes(today, booking)
        assert (await gate.scan(issued["barcode"])).status_code == 200

    closed = (await gate.at(departure.departs_at).post("/close-out")).json()

    assert (closed["flown"], closed["no_show"], closed["denied_involuntary"]) == (SEATS, 0, 1)
    left = bookings[SEATS]
    coupon = (await traveller.read(left))["tickets"][0]["coupons"][0]
    assert (coupon["status"], coupon["boarding_outcome"]) == ("open", "denied_involuntary")
    assert "BoardingDenied" in event_types(owner, left)


async def test_seats_of_those_who_never_checked_in_go_to_standby_once_check_in_has_closed(
    traveller: Traveller, owner: Owner
) -> None:
    departure = oversold(owner, seats=1, authorised=2)
    absent, waiting = await buy(traveller, departure), await buy(traveller, departure)
    today, gate = on_the_day(traveller, departure), gate_of(traveller.client, departure)
    await check_in(today, absent)
    await today.post(f"/v1/bookings/{absent['id']}/check-in/undo", {})
    await check_in(today, waiting)
    before = await standing(today, waiting)

    await gate.at(departure.departs_at - timedelta(hours=2)).post("/standby", {})
    meanwhile = await standing(today, waiting)
    await gate.post("/standby", {})
    after = await standing(today, waiting)

    assert (before["standby"], meanwhile["standby"], after["standby"]) == (True, True, False)
    assert after["seat"] is not None


async def test_a_go_show_does_not_pass_those_on_standby(traveller: Traveller, owner: Owner) -> None:
    departure = oversold(owner, seats=1, authorised=3)
    late = await buy(traveller, departure)
    first, waiting = await buy(traveller, departure), await buy(traveller, departure)
    today, gate = on_the_day(traveller, departure), gate_of(traveller.client, departure)
    await check_in(today, first)
    await check_in(today, waiting)

    answer = await gate.post("/go-shows", {"coupon_id": late["tickets"][0]["coupons"][0]["id"]})

    assert refusal(answer) == (409, "cabin_full")
    assert (await traveller.read(late))["tickets"][0]["coupons"][0]["status"] == "open"

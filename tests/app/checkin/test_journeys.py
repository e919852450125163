"""Check-in on journeys of several flights: there and back, and with a change of planes."""

from datetime import timedelta
from typing import Any

import pytest

from tests.app.bookings.travellers import ECONOMY, Traveller, booking_request, departing
from tests.app.checkin.gates import check_in, gate_of, passes, refusal
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def then(owner: Owner, first: Departure, origin: str, destination: str, after: timedelta) -> Departure:
    """Another departure so long after the first."""
    departs_at = first.departs_at + after
    return make_departure(
        owner, origin=origin, destination=destination, departs_at=departs_at,
        cabins={"economy": ECONOMY}, live_at=departs_at,
    )  # fmt: skip


async def there_and_back(
    traveller: Traveller, owner: Owner, days: int
) -> tuple[dict[str, Any], Departure, Departure]:
    there = departing(owner)
    back = then(owner, there, "LAX", "JFK", timedelta(days=days))
    legs = [
        {
            "origin": each.origin,
            "destination": each.destination,
            "departure_date": f"{each.departs_at:%Y-%m-%d}",
        }
        for each in (there, back)
    ]
    body = {"slices": legs, "passengers": [{"type": "adult"}, {"type": "child"}]}
    offer = (await traveller.client.post("/v1/offer-requests", json=body)).json()["offers"][0]
    booked = await traveller.post("/v1/bookings", booking_request(offer, ("adult", "child")))
    assert booked.status_code == 201, booked.text
    await traveller.pay(booked.json())
    return await traveller.read(booked.json()), there, back


async def test_each_way_is_checked_in_in_its_own_time(traveller: Traveller, owner: Owner) -> None:
    booking, there, back = await there_and_back(traveller, owner, days=3)
    going = traveller.at(there.departs_at - timedelta(hours=5))
    returning = traveller.at(back.departs_at - timedelta(hours=5))
    both = {"segment_ids": [part["segments"][0]["id"] for part in booking["slices"]]}

    too_early = await check_in(going, booking, both)
    first = await check_in(going, booking)
    again = await check_in(going, booking)
    between = await check_in(traveller.at(there.departs_at + timedelta(days=1)), booking)
    second = await check_in(returning, booking)

    assert refusal(too_early) == (409, "check_in_not_open")
    assert [state["status"] for state in first.json()["data"]] == ["checked_in"] * 2 + ["open"] * 2
    assert refusal(again) == (409, "nothing_to_check_in")
    assert refusal(between) == (409, "check_in_not_open")
    assert [state["status"] for state in second.json()["data"]] == ["checked_in"] * 4
    issued = await passes(returning, booking)
    assert sorted(each["origin"] for each in issued) == ["JFK", "JFK", "LAX", "LAX"]


async def test_a_traveller_flies_one_way_and_misses_the_other(traveller: Traveller, owner: Owner) -> None:
    booking, there, back = await there_and_back(traveller, owner, days=3)
    await check_in(traveller.at(there.departs_at - timedelta(hours=5)), booking)
    gate = gate_of(traveller.client, there)
    for issued in await passes(traveller, booking):
        assert (await gate.scan(issued["barcode"])).status_code == 200
    await gate.at(there.departs_at).post("/close-out")
    between = await traveller.read(booking)

    await gate_of(traveller.client, back).at(back.departs_at).post("/close-out")

    assert between["travel_status"] == "in_progress"
    after = await traveller.read(booking)
    assert after["travel_status"] == "flown"
    outcomes = [c["boarding_outcome"] for t in after["tickets"] for c in t["coupons"]]
    assert sorted(outcomes) == ["boarded", "boarded", "no_show", "no_show"]


async def test_a_pass_of_the_way_there_does_not_open_the_way_back(traveller: Traveller, owner: Owner) -> None:
    """Both within a day, and the same passenger with the same sequence number on each."""
    booking, there, back = await there_and_back(traveller, owner, days=1)
    today = traveller.at(there.departs_at - timedelta(minutes=45))
    states = (await check_in(today, booking)).json()["data"]
    there_pass = next(each for each in await passes(today, booking) if each["origin"] == "JFK")

    answer = await gate_of(traveller.client, back).scan(there_pass["barcode"])

    assert [state["status"] for state in states].count("checked_in") >= 2
    assert refusal(answer) == (409, "wrong_flight")

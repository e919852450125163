"""Another aircraft: seats stay where it has them; where it has fewer, a rule says who is asked to leave."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.reaccommodation.rules import choose_to_move
from app.bookings.reaccommodation.schemas import Passengers
from app.core import clock
from app.core.db import transaction
from app.core.ids import uuid7
from app.disruptions.operations.capacity_service import lower_capacities
from tests.app.bookings.travellers import Traveller, assert_money_is_conserved, counters, new_traveller
from tests.app.conftest import Owner
from tests.app.departures import Departure
from tests.app.disruptions.disrupted import (
    HOUR,
    WHY,
    a_day,
    ask_everybody,
    disrupt,
    flight,
    open_change,
    path_of,
    ticketed,
)
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

CLASSES = ["Y", "B", "K"]


def passengers(**changes: Any) -> Passengers:
    usual: dict[str, Any] = {
        "booking_id": uuid7(),
        "cabin": "economy",
        "fare_class": "Y",
        "seats": 1,
        "is_checked_in": False,
        "is_connecting": False,
        "with_child_or_infant": False,
        "ticketed_at": 1.0,
    }
    return Passengers(**(usual | changes))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"fare_class": "K"}, {"fare_class": "Y"}),
        ({"ticketed_at": 2.0}, {"ticketed_at": 1.0}),
        ({"ticketed_at": 1.0}, {"ticketed_at": 2.0, "is_connecting": True}),
        ({"fare_class": "Y"}, {"fare_class": "K", "with_child_or_infant": True}),
        ({"is_connecting": True}, {"is_checked_in": True, "fare_class": "K"}),
    ],
)
def test_who_is_asked_first(first: dict[str, Any], second: dict[str, Any]) -> None:
    asked, spared = passengers(**first), passengers(**second)

    assert choose_to_move([spared, asked], 1, CLASSES) == [asked.booking_id]


@given(st.lists(st.integers(1, 5), max_size=12), st.integers(-3, 30))
def test_no_more_bookings_are_asked_than_it_takes(seats: list[int], excess: int) -> None:
    aboard = [passengers(seats=each) for each in seats]

    chosen = choose_to_move(aboard, excess, CLASSES)

    freed = [each.seats for each in aboard if each.booking_id in chosen]
    assert sum(freed) >= min(excess, sum(seats))
    assert not chosen or sum(freed) - max(freed) < excess
    assert excess > 0 or chosen == []


def make_type(owner: Owner, code: str, seats: int, cabin: str = "economy") -> str:
    owner.execute(
        "insert into app.aircraft_types (code, manufacturer, model, seats, cabins) values "
        "(%s, 'TEST', %s, %s, jsonb_build_array(jsonb_build_object('cabin', %s::text, 'seats', %s::int))) "
        "on conflict do nothing",
        (code, code, seats, cabin, seats),
    )
    return code


def controls(owner: Owner, departure: Departure) -> tuple[int, int, int]:
    row = owner.execute(
        "select capacity, authorised, limits[1] from app.cabin_inventories where flight_id = %s",
        (departure.flight_id,),
    ).fetchone()
    assert row is not None
    return int(str(row[0])), int(str(row[1])), int(str(row[2]))


async def lower() -> None:
    async with transaction() as session:
        await lower_capacities(session, await clock.now(session), 100)


async def test_a_smaller_aircraft_sells_nothing_more_and_asks_as_many_as_it_has_no_seat_for(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    day = a_day()
    swapped, later = flight(owner, day, seats={"Y": 6, "K": 6}), flight(owner, day + 2 * HOUR)
    travellers = [new_traveller(traveller.client, owner) for _ in range(5)]
    bookings = [await ticketed(each, swapped) for each in travellers]
    small = make_type(owner, "SMALL-3", 3)

    answer = await disrupt(operator, swapped, "swap-aircraft", aircraft_type=small)
    await ask_everybody()

    assert answer["flight"]["aircraft_type"] == small
    assert (controls(owner, swapped), counters(owner, swapped)) == ((3, 5, 5), (0, 5))
    asked = [
        (who, booking)
        for who, booking in zip(travellers, bookings, strict=True)
        if (await who.get(f"/v1/bookings/{booking['id']}/schedule-changes")).json()["data"]
    ]
    assert [booking["id"] for _, booking in asked] == [booking["id"] for booking in bookings[3:]]
    for who, booking in asked:
        change = await open_change(who, booking)
        assert (change["kind"], change["proposal"]) == ("downgraded", "move")
        moved = await who.post(f"/v1/schedule-changes/{change['id']}/accept")
        assert moved.status_code == 200, moved.text
        assert_money_is_conserved(owner, booking)
    await lower()
    assert (controls(owner, swapped), counters(owner, swapped)) == ((3, 3, 3), (0, 3))
    assert counters(owner, later) == (0, 2)


async def test_a_larger_aircraft_asks_nobody_and_has_more_to_sell(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    swapped = flight(owner, a_day(), seats={"Y": 6})
    booking = await ticketed(traveller, swapped)

    await disrupt(operator, swapped, "swap-aircraft", aircraft_type=make_type(owner, "LARGE-12", 12))
    await ask_everybody()

    assert controls(owner, swapped) == (12, 12, 12)
    listed = (await traveller.get(f"/v1/bookings/{booking['id']}/schedule-changes")).json()["data"]
    assert listed == []


async def test_a_seat_the_new_aircraft_lacks_is_exchanged_for_another(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    """Sixty seats are fifteen rows of four, thirty are seven and a half: 16F (there is no row 13) has become
    7F, the nearest window on the same side, and 1A is where it was."""
    swapped = flight(owner, a_day(), seats={"Y": 60})
    other = new_traveller(traveller.client, owner)
    in_the_back = await ticketed_in(traveller, swapped, "16F")
    in_front = await ticketed_in(other, swapped, "1A")

    answer = await disrupt(operator, swapped, "swap-aircraft", aircraft_type=make_type(owner, "SMALL-30", 30))

    details = answer["disruption"]["details"]
    assert (details["seats_moved"], details["seats_lost"]) == (1, 0)
    assert await seat_of(traveller, in_the_back) == "7F"
    assert await seat_of(other, in_front) == "1A"
    for booking in (in_the_back, in_front):
        assert_money_is_conserved(owner, booking)


async def ticketed_in(traveller: Traveller, departure: Departure, seat: str) -> dict[str, Any]:
    """A booking whose seat was chosen while it was held, and paid for with it."""
    booking = await traveller.book(departure)
    place = {
        "passenger_id": booking["passengers"][0]["id"],
        "segment_id": booking["slices"][0]["segments"][0]["id"],
        "seat": seat,
    }
    answer = await traveller.client.put(
        f"/v1/bookings/{booking['id']}/seats",
        json={"seats": [place]},
        headers=traveller.headers(uuid7().hex),
    )
    assert answer.status_code == 200, answer.text
    assert (await traveller.pay(booking))["status"] == "captured"
    assert await seat_of(traveller, booking) == seat
    return booking


async def seat_of(traveller: Traveller, booking: dict[str, Any]) -> str:
    (seated,) = (await traveller.get(f"/v1/bookings/{booking['id']}/seats")).json()["data"]
    return str(seated["seat"])


async def test_an_aircraft_without_the_cabin_that_was_sold_is_refused(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    swapped, empty = flight(owner, a_day()), flight(owner, a_day())
    await ticketed(traveller, swapped)
    business = make_type(owner, "BUSINESS-8", 8, "business")

    refused = await operator.post(path_of(swapped, "swap-aircraft"), WHY | {"aircraft_type": business})
    allowed = await operator.post(path_of(empty, "swap-aircraft"), WHY | {"aircraft_type": business})
    unknown = await operator.post(path_of(empty, "swap-aircraft"), WHY | {"aircraft_type": "Concorde"})

    assert (refused.status_code, refused.json()["code"]) == (409, "cabin_missing")
    assert allowed.status_code == 200, allowed.text
    assert controls(owner, empty)[1:] == (0, 0)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/aircraft_type")

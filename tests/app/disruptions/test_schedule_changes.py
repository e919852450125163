"""A flight does not go as it was bought: accept, choose other flights, or take the money; once."""

from typing import Any

import pytest

from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    event_types,
    new_traveller,
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
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def flown(booking: dict[str, Any]) -> list[str]:
    """The flights the booking has now."""
    return [
        segment["flight_id"]
        for part in booking["slices"]
        for segment in part["segments"]
        if segment["status"] == "live"
    ]


def coupons(booking: dict[str, Any]) -> list[str]:
    return sorted(coupon["status"] for ticket in booking["tickets"] for coupon in ticket["coupons"])


async def decide(
    traveller: Traveller, change: dict[str, Any], what: str, body: Any = None, key: str | None = None
) -> Any:
    return await traveller.post(f"/v1/schedule-changes/{change['id']}/{what}", body, key)


async def test_who_accepts_flies_with_the_next_flight_at_no_cost(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    day = a_day()
    cancelled, later, latest = (flight(owner, day + n * HOUR) for n in (0, 2, 5))
    booking = await ticketed(traveller, cancelled, types=("adult", "infant"))

    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    change = await open_change(traveller, booking)
    answer = await decide(traveller, change, "accept")

    assert (change["kind"], change["proposal"]) == ("cancelled", "move")
    assert [[each["flight_id"] for each in option["flights"]] for option in change["options"]] == [
        [public_id(later)],
        [public_id(latest)],
    ]
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["chosen"]) == ("accepted", 0)
    moved = await traveller.read(booking)
    assert flown(moved) == [public_id(later)]
    assert coupons(moved) == ["exchanged", "exchanged", "open", "open"]
    assert (counters(owner, cancelled), counters(owner, later)) == ((0, 0), (0, 1))
    assert_money_is_conserved(owner, booking)
    assert event_types(owner, booking)[-3:] == [
        "ScheduleChanged",
        "ScheduleChangeDecided",
        "BookingReaccommodated",
    ]


async def test_who_prefers_another_option_gets_that_one(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    day = a_day()
    cancelled, _, latest = (flight(owner, day + n * HOUR) for n in (0, 2, 5))
    booking = await ticketed(traveller, cancelled)
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    change = await open_change(traveller, booking)

    unknown = await decide(traveller, change, "change", {"option": 7})
    answer = await decide(traveller, change, "change", {"option": 1})

    assert (unknown.status_code, unknown.json()["code"]) == (422, "option_unknown")
    assert answer.json()["status"] == "changed", answer.text
    assert flown(await traveller.read(booking)) == [public_id(latest)]


async def test_who_wants_the_money_gets_all_of_it_whatever_the_fare_says(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    cancelled = flight(owner, a_day())
    booking = await ticketed(traveller, cancelled, brand="Basic")
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    change = await open_change(traveller, booking)

    nothing = await decide(traveller, change, "accept")
    first = await decide(traveller, change, "refund", key="once")
    again = await decide(traveller, change, "refund", key="once")

    assert (change["options"], nothing.json()["code"]) == ([], "no_alternative")
    assert first.status_code == 200, first.text
    assert [each["amount"] for each in first.json()["refunds"]] == [booking["total"]]
    assert first.json()["schedule_change"]["status"] == "refunded"
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert (await traveller.read(booking))["status"] == "cancelled"
    assert counters(owner, cancelled) == (0, 0)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize(("minutes", "is_asked"), [(119, False), (120, True)])
async def test_two_hours_late_is_asked_about_and_a_minute_less_is_not(
    traveller: Traveller, operator: Operator, owner: Owner, minutes: int, is_asked: bool
) -> None:
    late = flight(owner, a_day())
    booking = await ticketed(traveller, late)

    await disrupt(operator, late, "delay", minutes=minutes)
    await ask_everybody()

    listed = (await traveller.get(f"/v1/bookings/{booking['id']}/schedule-changes")).json()["data"]
    assert [change["kind"] for change in listed] == (["delayed"] if is_asked else [])
    if is_asked:
        kept = await decide(traveller, listed[0], "accept")
        assert (kept.json()["status"], listed[0]["proposal"]) == ("accepted", "keep")
        assert flown(await traveller.read(booking)) == [public_id(late)]


async def test_a_delay_that_grows_asks_again_and_only_the_newest_question_counts(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    late = flight(owner, a_day())
    booking = await ticketed(traveller, late)
    await disrupt(operator, late, "delay", minutes=150)
    await ask_everybody()
    older = await open_change(traveller, booking)
    await disrupt(operator, late, "delay", minutes=300)
    await ask_everybody()

    newest = await open_change(traveller, booking)
    refused = await decide(traveller, older, "accept")

    assert newest["id"] != older["id"]
    assert (refused.status_code, refused.json()["code"]) == (409, "schedule_change_decided")


async def test_a_short_delay_that_breaks_a_connection_moves_what_comes_after_it(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    day = a_day()
    first = flight(owner, day, origin="DEN", destination="ORD")
    onward = flight(owner, day + 4 * HOUR, origin="ORD", destination="JFK")
    next_one = flight(owner, day + 6 * HOUR, origin="ORD", destination="JFK")
    owner.execute(
        "insert into app.routes (id, origin, destination, distance_km) values "
        "(gen_random_uuid(), 'DEN', 'ORD', 1430), (gen_random_uuid(), 'ORD', 'JFK', 1190) "
        "on conflict do nothing"
    )
    booking = await connecting(traveller, [first, onward])

    await disrupt(operator, first, "delay", minutes=45)
    await ask_everybody()
    change = await open_change(traveller, booking)
    answer = await decide(traveller, change, "accept")

    assert (change["kind"], change["proposal"]) == ("missed_connection", "move")
    assert answer.status_code == 200, answer.text
    assert flown(await traveller.read(booking)) == [public_id(first), public_id(next_one)]
    assert (counters(owner, onward)[1], counters(owner, next_one)[1]) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def connecting(traveller: Traveller, legs: list[Any]) -> dict[str, Any]:
    body = {
        "slices": [
            {
                "origin": legs[0].origin,
                "destination": legs[-1].destination,
                "departure_date": legs[0].departs_at.date().isoformat(),
            }
        ],
        "passengers": [{"type": "adult"}],
    }
    answer = await traveller.client.post("/v1/offer-requests", json=body, headers=traveller.headers())
    wanted = [public_id(leg) for leg in legs]
    offer = next(
        each
        for each in answer.json()["offers"]
        if [segment["flight_id"] for segment in each["slices"][0]["segments"]] == wanted
    )
    person = {"type": "adult", "given_name": "Ada", "family_name": "Ferry"}
    request = {"offer_id": offer["id"], "passengers": [person], "contact": {"email": "ada@example.com"}}
    answer = await traveller.post("/v1/bookings", request)
    assert answer.status_code == 201, answer.text
    booking = dict(answer.json())
    assert (await traveller.pay(booking))["status"] == "captured"
    return booking


async def test_a_hold_on_a_cancelled_flight_ends(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    cancelled = flight(owner, a_day())
    booking = await traveller.book(cancelled)

    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()

    assert (await traveller.read(booking))["status"] == "cancelled"
    assert counters(owner, cancelled) == (0, 0)


async def test_nobody_sees_or_decides_anothers_schedule_change(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    cancelled = flight(owner, a_day())
    booking = await ticketed(traveller, cancelled)
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()
    change = await open_change(traveller, booking)
    stranger = new_traveller(traveller.client, owner)

    answers = [
        await stranger.get(f"/v1/schedule-changes/{change['id']}"),
        await decide(stranger, change, "accept"),
        await decide(stranger, change, "refund"),
        await stranger.get(f"/v1/bookings/{booking['id']}/schedule-changes"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


async def test_an_option_that_is_full_by_now_is_refused_and_nothing_has_moved(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    day = a_day()
    cancelled, small = flight(owner, day), flight(owner, day + 2 * HOUR, seats={"Y": 1})
    one, other = (new_traveller(traveller.client, owner) for _ in range(2))
    first, second = await ticketed(one, cancelled), await ticketed(other, cancelled)
    await disrupt(operator, cancelled, "cancel")
    await ask_everybody()

    won = await decide(one, await open_change(one, first), "accept")
    lost = await decide(other, await open_change(other, second), "accept")

    assert won.status_code == 200, won.text
    assert (lost.status_code, lost.json()["code"]) == (409, "sold_out")
    assert (await open_change(other, second))["status"] == "open"
    assert coupons(await other.read(second)) == ["open"]
    assert counters(owner, small) == (0, 1)

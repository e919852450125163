"""Choosing seats: the map, what is refused, and how long a seat is one's own."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from app.bookings import service
from app.core.db import transaction
from app.core.ids import decode, encode, uuid7
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    departing,
    event_types,
    key_of,
    kill_hold,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.crowds import a_few_at_a_time, answered
from tests.app.departures import Departure, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

# Sixty seats in economy: rows of four, the exit row is 7.
EXIT = "7A"
# As many as the core's pool gives at a time, so that all of them look before any of them sits down.
AT_ONCE = 10


async def choose(
    traveller: Traveller, booking: dict[str, Any], seats: Mapping[int, str | None]
) -> httpx2.Response:
    """Seats for the booking's passengers, by their place, on its first segment."""
    segment = booking["slices"][0]["segments"][0]["id"]
    chosen = [
        {"passenger_id": booking["passengers"][place]["id"], "segment_id": segment, "seat": seat}
        for place, seat in seats.items()
    ]
    return await traveller.client.put(
        f"/v1/bookings/{booking['id']}/seats", json={"seats": chosen}, headers=traveller.headers()
    )


async def seats_of(traveller: Traveller, booking: dict[str, Any]) -> list[str]:
    answer = await traveller.get(f"/v1/bookings/{booking['id']}/seats")
    assert answer.status_code == 200, answer.text
    return [each["seat"] for each in answer.json()["data"]]


async def free_seats(client: httpx2.AsyncClient, departure: Departure) -> set[str]:
    answer = await client.get(f"/v1/flights/{encode('flt', departure.flight_id)}/seat-map")
    assert answer.status_code == 200, answer.text
    return {
        seat["number"]
        for cabin in answer.json()["cabins"]
        for row in cabin["rows"]
        for seat in row["seats"]
        if seat["is_available"]
    }


async def test_seat_map_shows_every_seat_of_the_flight(client: httpx2.AsyncClient, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": {"Y": 138}, "business": {"J": 12}})

    answer = await client.get(f"/v1/flights/{encode('flt', departure.flight_id)}/seat-map")

    cabins = answer.json()["cabins"]
    assert [(cabin["cabin"], cabin["blocks"]) for cabin in cabins] == [
        ("business", ["AC", "DF"]),
        ("economy", ["ABC", "DEF"]),
    ]
    assert len(await free_seats(client, departure)) == 150
    assert cabins[0]["rows"][0]["seats"][0]["price"] is None
    assert cabins[1]["rows"][0]["seats"][0] == {
        "number": "4A",
        "position": "window",
        "zone": "preferred",
        "is_available": True,
        "price": {"amount_minor": 3100, "currency": "USD"},
    }


async def test_unknown_flight_has_no_seat_map(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/v1/flights/{encode('flt', uuid7())}/seat-map")

    assert (answer.status_code, answer.json()["code"]) == (404, "flight_not_found")


async def test_chosen_seats_are_off_the_map_and_can_be_swapped(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, ("adult", "adult"))

    assert (await choose(traveller, booking, {0: "10A", 1: "10C"})).status_code == 200
    swapped = await choose(traveller, booking, {0: "10C", 1: "10A"})

    assert [each["seat"] for each in swapped.json()["data"]] == ["10C", "10A"]
    assert len(await free_seats(client, departure)) == 58
    assert event_types(owner, booking).count("SeatsAssigned") == 2


async def test_same_choice_again_changes_nothing(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))

    first = await choose(traveller, booking, {0: "10A"})
    second = await choose(traveller, booking, {0: "10A"})

    assert first.json() == second.json()
    assert event_types(owner, booking).count("SeatsAssigned") == 1


async def test_seat_can_be_given_back(traveller: Traveller, client: httpx2.AsyncClient, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    await choose(traveller, booking, {0: "10A"})

    answer = await choose(traveller, booking, {0: None})

    assert answer.json() == {"data": [], "order": None}
    assert "10A" in await free_seats(client, departure)


async def test_all_or_none(traveller: Traveller, client: httpx2.AsyncClient, owner: Owner) -> None:
    departure = departing(owner)
    first, second = await traveller.book(departure), await traveller.book(departure, ("adult", "adult"))
    await choose(traveller, first, {0: "10A"})
    await choose(traveller, second, {0: "11A", 1: "11C"})

    refused = await choose(traveller, second, {0: "12A", 1: "10A"})

    assert (refused.status_code, refused.json()["code"]) == (409, "seat_taken")
    assert "10A" in refused.json()["detail"]
    assert await seats_of(traveller, second) == ["11A", "11C"]
    assert "12A" in await free_seats(client, departure)


@pytest.mark.parametrize(
    ("types", "seats", "status", "code"),
    [
        (("adult",), {0: "99A"}, 422, "seat_unknown"),
        (("adult",), {0: "10B"}, 422, "seat_unknown"),
        (("adult", "child"), {1: EXIT}, 422, "seat_not_allowed"),
        (("adult", "infant"), {0: EXIT}, 422, "seat_not_allowed"),
        (("adult", "infant"), {1: "10A"}, 422, "seat_not_allowed"),
        (("adult", "adult"), {0: "10A", 1: "10A"}, 422, "seat_choice_invalid"),
        (("adult",), {0: "seat"}, 422, "malformed_request"),
    ],
)
async def test_refused_choices(
    traveller: Traveller,
    owner: Owner,
    types: tuple[str, ...],
    seats: dict[int, str | None],
    status: int,
    code: str,
) -> None:
    booking = await traveller.book(departing(owner), types)

    answer = await choose(traveller, booking, seats)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await seats_of(traveller, booking) == []


async def test_each_block_of_seats_takes_one_infant(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    first = await traveller.book(departure, ("adult", "infant"))
    second = await traveller.book(departure, ("adult", "infant"))
    assert (await choose(traveller, first, {0: "10A"})).status_code == 200

    refused = await choose(traveller, second, {0: "10C"})
    across_the_aisle = await choose(traveller, second, {0: "10D"})

    assert (refused.status_code, refused.json()["code"]) == (409, "infant_block_taken")
    assert across_the_aisle.status_code == 200


async def test_foreign_passengers_segments_and_bookings_are_refused(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner)
    own, other = await traveller.book(departure), await traveller.book(departure)
    mixed = own | {"passengers": other["passengers"]}

    refused = await choose(traveller, mixed, {0: "10A"})
    unseen = await choose(new_traveller(client, owner), own, {0: "10A"})

    assert (refused.status_code, refused.json()["code"]) == (422, "seat_choice_invalid")
    assert (unseen.status_code, unseen.json()["code"]) == (404, "booking_not_found")


async def test_seats_close_forty_minutes_before_departure(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    await traveller.pay(booking)

    late = traveller.at(departure.departs_at - timedelta(minutes=40))
    refused = await choose(late, booking, {0: "10A"})
    in_time = await choose(traveller.at(departure.departs_at - timedelta(minutes=41)), booking, {0: "10A"})

    assert (refused.status_code, refused.json()["code"]) == (409, "seats_closed")
    assert in_time.status_code == 200


async def test_seat_of_a_dead_hold_is_free_though_nobody_swept_it(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner)
    slow, quick = await traveller.book(departure), await traveller.book(departure)
    await choose(traveller, slow, {0: "10A"})

    after = traveller.at(datetime.fromisoformat(slow["payment_required_by"]) + timedelta(seconds=1))
    fresh = await after.book(departure)
    answer = await choose(after, fresh, {0: "10A"})

    assert answer.status_code == 200, answer.text
    assert await seats_of(after, slow) == []
    assert quick["status"] == "held"


async def test_paid_booking_keeps_its_seat_beyond_the_hold(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    await choose(traveller, booking, {0: "10A"})
    await traveller.pay(booking)

    later = traveller.at(datetime.fromisoformat(booking["payment_required_by"]) + timedelta(days=1))

    assert await seats_of(later, booking) == ["10A"]


async def test_cancelled_booking_gives_its_seats_back(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner)
    held, paid = await traveller.book(departure), await traveller.book(departure)
    await choose(traveller, held, {0: "10A"})
    await choose(traveller, paid, {0: "10C"})
    await traveller.pay(paid)

    for booking in (held, paid):
        assert (await traveller.confirm(await traveller.quote(booking))).status_code == 200

    assert {"10A", "10C"} <= await free_seats(client, departure)


async def test_late_payment_takes_its_seat_again_where_it_is_free(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The money arrives after the hold has died: the seat it had goes with it. Where somebody has it by now,
    who had bought it gets all the money back, and who had it for nothing is ticketed without."""
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))
    departure = departing(owner)
    lucky, robbed, guest = [await traveller.book(departure) for _ in range(3)]
    for booking, seat in ((lucky, "10A"), (robbed, "10C"), (guest, "10D")):
        await choose(traveller, booking, {0: seat})
    statement = "update app.booking_items set code = 'GIFT' where booking_id = %s and kind = 'ancillary'"
    owner.execute(statement, (key_of(guest),))
    for each in (lucky, robbed, guest):
        assert (await traveller.pay(each, "tok_timeout_US_silent"))["status"] == "created"
        kill_hold(owner, each)
    owner.execute(
        "update app.seat_assignments set held_until = now() - interval '1 minute' where flight_id = %s",
        (departure.flight_id,),
    )
    thief = await traveller.book(departure, ("adult", "adult"))
    assert (await choose(traveller, thief, {0: "10C", 1: "10D"})).status_code == 200

    for _ in ("the charge", "its refund"):
        for each in (lucky, robbed, guest):
            age_attempts(owner, each)
        await service.resolve_stuck_payments()

    async with transaction() as session:
        await service.expire_dead_holds(session, datetime.now(UTC))

    statuses = [(await traveller.read(each))["status"] for each in (lucky, robbed, guest)]
    assert statuses == ["ticketed", "expired", "ticketed"]
    assert [await seats_of(traveller, each) for each in (lucky, guest)] == [["10A"], []]
    for each in (lucky, robbed, guest):
        assert_money_is_conserved(owner, each)


async def test_a_hundred_travellers_ask_for_one_seat_and_one_gets_it(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner, seats={"Y": 120})
    booked = await a_few_at_a_time([lambda: traveller.book(departure)] * 100)

    answers = await asyncio.gather(
        *(answered(partial(choose, traveller, booking, {0: "10A"})) for booking in booked)
    )

    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(409)) == (1, 99)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"seat_taken"}


async def test_travellers_who_swap_seats_crosswise_do_not_deadlock(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner, seats={"Y": 120})
    booked = await a_few_at_a_time([lambda: traveller.book(departure, ("adult", "adult"))] * 10)
    rows = ["10A", "10B", "10C", "10D"]

    async def wander(place: int, booking: dict[str, Any]) -> list[int]:
        found = []
        for turn in range(6):
            seats = rows[(place + turn) % 4], rows[(place + turn + 1) % 4]
            chosen = dict(enumerate(seats if place % 2 else seats[::-1]))
            answer = await answered(partial(choose, traveller, booking, chosen))
            found.append(answer.status_code)
        return found

    codes = await asyncio.gather(*(wander(place, booking) for place, booking in enumerate(booked)))

    assert {code for found in codes for code in found} <= {200, 409}
    live = owner.execute(
        "select seat, count(*) from app.seat_assignments "
        "where flight_id = %s and released_at is null group by seat",
        (departure.flight_id,),
    ).fetchall()
    assert {count for _, count in live} == {1}


async def test_looking_first_and_sitting_down_then_puts_many_on_one_seat(
    traveller: Traveller, owner: Owner
) -> None:
    """The control: the same ten travellers without the flight's lock and without the unique index."""
    departure = departing(owner, seats={"Y": 120})
    booked = [await traveller.book(departure) for _ in range(AT_ONCE)]
    all_have_looked = asyncio.Barrier(AT_ONCE)
    owner.execute(
        "create table if not exists app.seats_unguarded (flight_id uuid, passenger_id uuid, seat text)"
    )

    async def look_then_sit(booking: dict[str, Any]) -> None:
        place = {
            "flight_id": departure.flight_id,
            "passenger_id": decode("pas", booking["passengers"][0]["id"]),
        }
        async with transaction() as session:
            taken = await session.scalar(
                text(
                    "select count(*) from app.seats_unguarded where flight_id = :flight_id and seat = '10A'"
                ),
                {"flight_id": departure.flight_id},
            )
            await all_have_looked.wait()
            if not taken:
                await session.execute(
                    text("insert into app.seats_unguarded values (:flight_id, :passenger_id, '10A')"), place
                )

    try:
        await asyncio.gather(*(look_then_sit(booking) for booking in booked))
        sitting = scalar(owner, "select count(*) from app.seats_unguarded")
    finally:
        owner.execute("drop table app.seats_unguarded")

    assert sitting > 1


async def test_database_itself_refuses_a_second_passenger_on_a_seat(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, ("adult", "adult"))
    await choose(traveller, booking, {0: "10A", 1: "10C"})

    with pytest.raises(psycopg.errors.UniqueViolation, match="seat_assignments_one_live_per_seat"):
        owner.execute(
            "update app.seat_assignments set seat = '10A' where flight_id = %s", (departure.flight_id,)
        )

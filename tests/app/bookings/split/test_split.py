"""Two bookings out of one: everybody keeps what was theirs, and nothing is paid twice or lost."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
    key_of,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.departures import Departure
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

COUPLE = ("adult", "adult")


async def ticketed(
    traveller: Traveller, departure: Departure, types: tuple[str, ...] = COUPLE, brand: str = "Standard"
) -> dict[str, Any]:
    booking = await traveller.book(departure, types, brand)
    await traveller.pay(booking)
    return await traveller.read(booking)


async def split(
    traveller: Traveller, booking: dict[str, Any], *places: int, key: str | None = None
) -> httpx2.Response:
    leaving = [booking["passengers"][place]["id"] for place in places]
    return await traveller.post(f"/v1/bookings/{booking['id']}/split", {"passenger_ids": leaving}, key)


def captured(owner: Owner, *bookings: dict[str, Any]) -> int:
    return sum(
        int(
            scalar(
                owner,
                "select coalesce(sum(amount_minor - refunded_minor), 0) from app.payments "
                "where booking_id = %s and captured_at is not null",
                key_of(booking),
            )
        )
        for booking in bookings
    )


async def test_each_booking_keeps_what_is_its_own(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await ticketed(traveller, departure)
    assert "split" in booking["available_actions"]

    answer = await split(traveller, booking, 1)

    assert answer.status_code == 201, answer.text
    new, old = answer.json(), await traveller.read(booking)
    assert new["pnr"] != old["pnr"]
    assert (new["status"], old["status"]) == ("ticketed", "ticketed")
    assert [p["id"] for p in new["passengers"]] == [booking["passengers"][1]["id"]]
    assert [p["id"] for p in old["passengers"]] == [booking["passengers"][0]["id"]]
    assert new["passengers"][0]["given_name"] == "Ada"
    assert {t["number"] for t in new["tickets"]} | {t["number"] for t in old["tickets"]} == {
        t["number"] for t in booking["tickets"]
    }
    assert new["total"]["amount_minor"] + old["total"]["amount_minor"] == booking["total"]["amount_minor"]
    assert counters(owner, departure) == (0, 2)
    assert captured(owner, new, old) == booking["total"]["amount_minor"]
    assert_money_is_conserved(owner, new)
    assert_money_is_conserved(owner, old)
    assert event_types(owner, old)[-1] == "BookingSplit"
    assert event_types(owner, new) == ["BookingSplitOff"]


async def test_both_are_cancelled_over_the_one_charge(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, COUPLE, "Flex")
    payment = await traveller.pay(booking)
    new = (await split(traveller, booking, 1)).json()

    for each in (new, booking):
        confirmed = (await traveller.confirm(await traveller.quote(each))).json()
        assert [refund["status"] for refund in confirmed["refunds"]] == ["done"]
        assert_money_is_conserved(owner, each)

    charge = httpx2.get(f"{gateway.url}/v1/charges/{payment['id']}").json()
    assert charge["refunded_minor"] == charge["amount_minor"]
    assert counters(owner, departure) == (0, 0)


async def test_split_booking_is_changed_by_itself(traveller: Traveller, owner: Owner) -> None:
    old, other = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, brand="Flex")
    new = (await split(traveller, booking, 0)).json()

    offer = await traveller.offer(other, brand="Flex")
    change = (await traveller.post(f"/v1/bookings/{new['id']}/changes", {"offer_id": offer["id"]})).json()
    confirmed = await traveller.post(f"/v1/changes/{change['id']}/confirm", {"payment": payment_request()})

    assert confirmed.json()["status"] == "confirmed", confirmed.text
    assert (counters(owner, old), counters(owner, other)) == ((0, 1), (0, 1))
    for each in (new, booking):
        assert_money_is_conserved(owner, each)


async def test_seat_and_service_go_along(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await ticketed(traveller, departure)
    segment, leaving = booking["slices"][0]["segments"][0]["id"], booking["passengers"][1]["id"]
    await traveller.post(
        f"/v1/bookings/{booking['id']}/service-requests",
        {"passenger_id": leaving, "segment_id": segment, "code": "WCHR"},
    )

    new = (await split(traveller, booking, 1)).json()
    services = (await traveller.get(f"/v1/bookings/{new['id']}/service-requests")).json()["data"]
    await traveller.confirm(await traveller.quote(new))

    assert [each["segment_id"] for each in services] == [new["slices"][0]["segments"][0]["id"]]
    used = scalar(owner, "select used from app.service_allotments where flight_id = %s", departure.flight_id)
    assert used == 0


async def test_past_of_both_reads_as_it_was(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner))
    before = scalar(owner, "select clock_timestamp()").isoformat().replace("+00:00", "Z")
    new = (await split(traveller, booking, 1)).json()

    then = (await traveller.get(f"/v1/bookings/{booking['id']}?as_of={before}")).json()
    not_yet = await traveller.get(f"/v1/bookings/{new['id']}?as_of={before}")

    assert len(then["passengers"]) == len(then["tickets"]) == 2
    assert not_yet.status_code == 404


@pytest.mark.parametrize(
    ("types", "places"),
    [
        (("adult", "child"), (1,)),
        (("adult", "adult", "infant", "infant"), (0,)),
        (COUPLE, (0, 1)),
    ],
)
async def test_nobody_is_left_without_an_adult_or_a_booking(
    traveller: Traveller, owner: Owner, types: tuple[str, ...], places: tuple[int, ...]
) -> None:
    booking = await ticketed(traveller, departing(owner), types)

    answer = await split(traveller, booking, *places)

    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_splittable")
    assert_money_is_conserved(owner, booking)


async def test_hold_is_not_split(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), COUPLE)

    answer = await split(traveller, booking, 1)

    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_splittable")


async def test_two_splits_of_one_passenger_split_once(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner), ("adult", "adult", "adult"))

    answers = await asyncio.gather(*(split(traveller, booking, 2) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len((await traveller.read(booking))["passengers"]) == 2


async def test_repeat_gives_the_same_booking(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner))

    first = await split(traveller, booking, 1, key="split")
    again = await split(traveller, booking, 1, key="split")

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"

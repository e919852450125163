"""A booking is read as it stood at any moment, whatever has become of it since."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.ids import encode
from tests.app.bookings.travellers import Traveller, departing, key_of, payment_request, scalar
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

COUPLE = ("adult", "adult")
HOUR = timedelta(hours=1)


async def read_as_of(traveller: Traveller, booking: dict[str, Any], moment: datetime) -> dict[str, Any]:
    stamp = moment.isoformat().replace("+00:00", "Z")
    answer = await traveller.get(f"/v1/bookings/{booking['id']}?as_of={stamp}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def as_it_stood(booking: dict[str, Any]) -> dict[str, Any]:
    """Without what is said of now: what may be done."""
    return {name: value for name, value in booking.items() if name != "available_actions"}


async def test_every_moment_of_a_life_reads_as_it_was_read_then(traveller: Traveller, owner: Owner) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR
    moments = [start + HOUR * n for n in range(5)]
    seen: list[dict[str, Any]] = []

    at = traveller.at(moments[0])
    booking = await at.book(departing(owner), COUPLE, "Standard")
    seen.append(await at.read(booking))
    at = traveller.at(moments[0] + timedelta(minutes=5))
    await at.pay(booking)
    at = traveller.at(moments[1])
    seen.append(await at.read(booking))
    at = traveller.at(moments[2])
    offer = await at.offer(departing(owner), COUPLE, "Flex")
    change = (await at.post(f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"]})).json()
    confirmed = await at.post(f"/v1/changes/{change['id']}/confirm", {"payment": payment_request()})
    assert confirmed.json()["status"] == "confirmed"
    seen.append(await at.read(booking))
    at = traveller.at(moments[3])
    gone = {"passenger_ids": [booking["passengers"][0]["id"]]}
    await at.confirm(await at.quote(booking, gone))
    seen.append(await at.read(booking))
    at = traveller.at(moments[4])
    await at.confirm(await at.quote(booking))
    seen.append(await at.read(booking))

    now = traveller.at(moments[4] + HOUR)
    for moment, then in zip(moments, seen, strict=True):
        assert as_it_stood(await read_as_of(now, booking, moment)) == as_it_stood(then)
    assert len({str(as_it_stood(each)) for each in seen}) == len(seen)


async def test_hold_reads_expired_from_its_own_time_on(traveller: Traveller, owner: Owner) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    booking = await traveller.at(start).book(departing(owner))
    later = traveller.at(start + HOUR)

    statuses = [
        (await read_as_of(later, booking, start + timedelta(minutes=minutes)))["status"]
        for minutes in (0, 14, 15)
    ]

    assert statuses == ["held", "held", "expired"]


async def test_past_offers_nothing_to_do(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))

    then = await read_as_of(traveller, booking, datetime.fromisoformat(booking["created_at"]))

    assert then["available_actions"] == []


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(-timedelta(days=1), (404, "booking_not_found")), (timedelta(days=1), (422, "moment_in_future"))],
)
async def test_moment_outside_of_its_life_is_refused(
    traveller: Traveller, owner: Owner, shift: timedelta, expected: tuple[int, str]
) -> None:
    booking = await traveller.book(departing(owner))
    stamp = (datetime.now(UTC) + shift).isoformat().replace("+00:00", "Z")

    answer = await traveller.get(f"/v1/bookings/{booking['id']}?as_of={stamp}")

    assert (answer.status_code, answer.json()["code"]) == expected


async def test_history_holds_no_hash_of_a_person(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)

    kept = owner.execute(
        "select was from app.row_history where row_id = %s and table_name = 'bookings'", (key_of(booking),)
    ).fetchall()

    assert kept
    assert not any("hash" in name for (was,) in kept for name in was)  # type: ignore[attr-defined]


async def test_whoever_writes_a_row_leaves_what_it_was(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    before = datetime.now(UTC)
    owner.execute("update app.coupons set status = 'checked_in' where booking_id = %s", (key_of(booking),))

    then = await read_as_of(traveller, booking, before)

    assert then["tickets"][0]["coupons"][0]["status"] == "open"
    assert (await traveller.read(booking))["tickets"][0]["coupons"][0]["status"] == "checked_in"


async def test_inserting_keeps_nothing(traveller: Traveller, owner: Owner) -> None:
    """The hot write pays nothing for history."""
    booking = await traveller.book(departing(owner))

    assert encode("bkg", key_of(booking)) == booking["id"]
    assert scalar(owner, "select count(*) from app.row_history where booking_id = %s", key_of(booking)) == 0

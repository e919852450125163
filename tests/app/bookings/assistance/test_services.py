"""What a flight can do for somebody is promised once, and given up with the coupon."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.bookings.assistance.rules import ALLOTTED, NOTICE, Asked, refusal
from app.bookings.assistance.schemas import Refusal, ServiceCode, ServiceKind
from app.pricing.schemas import PassengerType
from tests.app.bookings.travellers import Traveller, departing, key_of, new_traveller, scalar
from tests.app.conftest import Owner
from tests.app.departures import Departure

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
FAR = NOW + timedelta(days=10)
ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT
LIMIT = ALLOTTED[ServiceKind.UNACCOMPANIED_MINOR]


def asked(code: ServiceCode, who: PassengerType = CHILD, **more: Any) -> Asked:
    values: dict[str, Any] = {
        "has_adult": False,
        "connects": False,
        "departs_at": FAR,
        "now": NOW,
        "age": None,
    } | more
    return Asked(code=code, passenger_type=who, **values)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked(ServiceCode.WCHR, ADULT), None),
        (asked(ServiceCode.WCHR, INFANT), Refusal.NOT_FOR_THIS_PASSENGER),
        (asked(ServiceCode.CHML, ADULT), Refusal.NOT_FOR_THIS_PASSENGER),
        (asked(ServiceCode.CHML, CHILD), None),
        (asked(ServiceCode.VGML, ADULT, departs_at=NOW + NOTICE[ServiceKind.MEAL]), None),
        (asked(ServiceCode.VGML, ADULT, departs_at=NOW + timedelta(hours=23)), Refusal.TOO_LATE),
        (asked(ServiceCode.UMNR, ADULT, age=12), Refusal.NOT_FOR_THIS_PASSENGER),
        (asked(ServiceCode.UMNR, age=12, has_adult=True), Refusal.NOT_ALONE),
        (asked(ServiceCode.UMNR, age=4), Refusal.TOO_YOUNG),
        (asked(ServiceCode.UMNR, age=5), None),
        (asked(ServiceCode.UMNR, age=7, connects=True), Refusal.NOT_WITH_A_CONNECTION),
        (asked(ServiceCode.UMNR, age=8, connects=True), None),
        (asked(ServiceCode.UMNR, age=14), None),
        (asked(ServiceCode.UMNR, age=15), Refusal.TOO_OLD),
        (asked(ServiceCode.UMNR, age=9, departs_at=NOW + timedelta(hours=47)), Refusal.TOO_LATE),
    ],
)
def test_who_can_have_what_until_when(request_: Asked, expected: Refusal | None) -> None:
    assert refusal(request_) is expected


async def ask(
    traveller: Traveller, booking: dict[str, Any], code: str, age: int | None = None, passenger: int = 0
) -> httpx2.Response:
    body = {
        "passenger_id": booking["passengers"][passenger]["id"],
        "segment_id": booking["slices"][0]["segments"][0]["id"],
        "code": code,
    }
    path = f"/v1/bookings/{booking['id']}/service-requests"
    return await traveller.post(path, body | ({} if age is None else {"age": age}))


async def ticketed(
    traveller: Traveller, departure: Departure, types: tuple[str, ...] = ("adult",)
) -> dict[str, Any]:
    booking = await traveller.book(departure, types, "Flex")
    await traveller.pay(booking)
    return booking


def used(owner: Owner, departure: Departure) -> int:
    return int(
        scalar(
            owner,
            "select coalesce(sum(used), 0) from app.service_allotments where flight_id = %s",
            departure.flight_id,
        )
    )


@pytest.mark.anyio
@pytest.mark.postgres
class TestThroughTheApi:
    async def test_service_is_confirmed_shown_and_given_up(self, traveller: Traveller, owner: Owner) -> None:
        departure = departing(owner)
        booking = await ticketed(traveller, departure)
        assert "request_service" in (await traveller.read(booking))["available_actions"]

        asked_for = await ask(traveller, booking, "WCHR")
        twice = await ask(traveller, booking, "WCHC")
        path = f"/v1/bookings/{booking['id']}/service-requests"
        given_up = await traveller.client.delete(
            f"{path}/{asked_for.json()['id']}", headers=traveller.headers()
        )

        assert (asked_for.status_code, asked_for.json()["status"]) == (201, "confirmed")
        assert (twice.status_code, twice.json()["code"]) == (409, "service_already_had")
        assert given_up.json()["status"] == "cancelled"
        assert [each["status"] for each in (await traveller.get(path)).json()["data"]] == ["cancelled"]
        assert used(owner, departure) == 0

    async def test_no_more_are_promised_than_a_flight_takes(
        self, client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
    ) -> None:
        departure = departing(owner)
        travellers = [new_traveller(client, owner) for _ in range(LIMIT + 3)]
        bookings = [await ticketed(each, departure, ("child",)) for each in travellers]

        answers = await asyncio.gather(
            *(ask(each, booking, "UMNR", 9) for each, booking in zip(travellers, bookings, strict=True))
        )

        statuses = [answer.json()["status"] for answer in answers]
        assert statuses.count("confirmed") == LIMIT == used(owner, departure)
        assert {a.json()["reason"] for a in answers if a.json()["status"] == "refused"} == {"none_left"}

    async def test_counting_before_writing_would_promise_too_many(
        self, client: httpx2.AsyncClient, traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The negative control: with a count in the place of the conditional row, all of them are had."""
        everybody = asyncio.Barrier(LIMIT + 2)

        async def count_then_take(session: Any, flight_id: Any, kind: Any, allotted: int) -> bool:
            confirmed = scalar(
                owner,
                "select count(*) from app.service_requests where flight_id = %s and status = 'confirmed'",
                flight_id,
            )
            await everybody.wait()
            return bool(confirmed < allotted)

        monkeypatch.setattr("app.bookings.assistance.store.take_for_update", count_then_take)
        departure = departing(owner)
        travellers = [new_traveller(client, owner) for _ in range(LIMIT + 2)]
        bookings = [await ticketed(each, departure, ("child",)) for each in travellers]

        answers = await asyncio.gather(
            *(ask(each, booking, "UMNR", 9) for each, booking in zip(travellers, bookings, strict=True))
        )

        assert [answer.json()["status"] for answer in answers] == ["confirmed"] * (LIMIT + 2)

    async def test_service_goes_with_the_coupon(self, traveller: Traveller, owner: Owner) -> None:
        departure = departing(owner)
        booking = await ticketed(traveller, departure, ("adult", "adult"))
        await ask(traveller, booking, "VGML")
        await ask(traveller, booking, "VGML", passenger=1)
        assert used(owner, departure) == 2

        part = {"passenger_ids": [booking["passengers"][0]["id"]]}
        assert (await traveller.confirm(await traveller.quote(booking, part))).status_code == 200

        assert used(owner, departure) == 1
        assert (await traveller.confirm(await traveller.quote(booking))).status_code == 200
        assert used(owner, departure) == 0

    async def test_hold_is_promised_no_service(self, traveller: Traveller, owner: Owner) -> None:
        booking = await traveller.book(departing(owner))

        answer = await ask(traveller, booking, "WCHR")

        assert (answer.status_code, answer.json()["code"]) == (409, "service_closed")
        assert "request_service" not in (await traveller.read(booking))["available_actions"]

    async def test_age_is_asked_of_who_travels_alone_and_not_kept(
        self, traveller: Traveller, owner: Owner
    ) -> None:
        booking = await ticketed(traveller, departing(owner), ("child",))

        missing = await ask(traveller, booking, "UMNR")
        given = await ask(traveller, booking, "UMNR", 9)

        assert (missing.status_code, missing.json()["code"]) == (422, "service_malformed")
        assert given.json()["status"] == "confirmed"
        columns = owner.execute(
            "select to_jsonb(r) from app.service_requests r where booking_id = %s", (key_of(booking),)
        ).fetchone()
        assert columns is not None
        assert "age" not in columns[0]  # type: ignore[operator]

"""A group from its request to its tickets, and what happens to the seats and the money on the way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.bookings import service as bookings
from app.bookings.groups import block_service
from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    departing,
    new_traveller,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SEATS = {"Y": 60, "M": 50, "K": 30}


class Desk:
    """An agent at the API."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._user_id = uuid7()

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        token = mint_access_token(self._user_id, uuid7(), [Role.AGENT])
        headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid7().hex}
        return await self._client.post(path, json=body, headers=headers, timeout=30)

    async def get(self, path: str) -> httpx2.Response:
        token = mint_access_token(self._user_id, uuid7(), [Role.AGENT])
        return await self._client.get(path, headers={"authorization": f"Bearer {token}"})

    async def quote(self, group: dict[str, Any], **more: Any) -> httpx2.Response:
        return await self.post(f"/v1/admin/groups/{group['id']}/quote", terms() | more)


def terms() -> dict[str, Any]:
    now = datetime.now(UTC)
    days = {"expires_at": 1, "deposit_due_at": 2, "names_due_at": 10, "final_due_at": 15}
    return {
        "fare_class": "M",
        "discount_percent": 10,
        "deposit_per_seat_minor": 1000,
    } | {name: (now + timedelta(days=day)).isoformat() for name, day in days.items()}


@pytest.fixture
def desk(client: httpx2.AsyncClient) -> Desk:
    return Desk(client)


async def ask(traveller: Traveller, *departures: Departure, seats: int = 12) -> dict[str, Any]:
    body = {
        "flight_ids": [encode("flt", each.flight_id) for each in departures],
        "seats": seats,
        "contact": {"email": "club@example.com"},
    }
    answer = await traveller.post("/v1/groups", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def read(traveller: Traveller, group: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/groups/{group['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def accepted(traveller: Traveller, desk: Desk, *departures: Departure, **more: Any) -> dict[str, Any]:
    group = await ask(traveller, *departures)
    quoted = await desk.quote(group, **more)
    assert quoted.status_code == 200, quoted.text
    answer = await traveller.post(f"/v1/groups/{group['id']}/accept")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def pay_deposits(traveller: Traveller, group: dict[str, Any]) -> None:
    for part in group["bookings"]:
        path = f"/v1/groups/{group['id']}/bookings/{part['booking_id']}/deposit"
        paid = await traveller.post(path, payment_request())
        assert (paid.status_code, paid.json()["status"]) == (201, "captured"), paid.text


async def name(traveller: Traveller, group: dict[str, Any], how_many: int) -> httpx2.Response:
    names = [
        {"given_name": "Ada", "family_name": "Ferry" + "abcdefghijklmnopqrstuvwxyz"[place]}
        for place in range(how_many)
    ]
    return await traveller.post(f"/v1/groups/{group['id']}/names", {"passengers": names})


async def pass_by(moment: datetime) -> None:
    """What the chores do at a moment."""
    async with transaction() as session:
        await bookings.expire_dead_holds(session, moment)
    bind(RequestContext(virtual_now=moment))
    try:
        await block_service.settle_due()
    finally:
        bind(RequestContext())


def moment(group: dict[str, Any], deadline: str) -> datetime:
    return datetime.fromisoformat(group[deadline]) + timedelta(seconds=1)


async def test_group_is_quoted_held_named_and_ticketed(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    departure = departing(owner, seats=SEATS)
    group = await accepted(traveller, desk, departure)
    assert [part["seats"] for part in group["bookings"]] == [6, 6]
    assert counters(owner, departure) == (12, 0)

    await pay_deposits(traveller, group)
    named = await name(traveller, group, 12)
    assert [part["named"] for part in named.json()["bookings"]] == [6, 6]
    for part in group["bookings"]:
        assert (await traveller.pay({"id": part["booking_id"]}))["status"] == "captured"

    done = await read(traveller, group)
    assert [part["status"] for part in done["bookings"]] == ["ticketed"] * 2
    assert counters(owner, departure) == (0, 12)
    booking = await traveller.read({"id": done["bookings"][0]["booking_id"]})
    assert len(booking["tickets"]) == 6
    assert booking["total"]["amount_minor"] == 6 * group["total_per_seat"]["amount_minor"]
    for part in done["bookings"]:
        assert_money_is_conserved(owner, {"id": part["booking_id"]})
    await pass_by(datetime.now(UTC))
    assert (await read(traveller, group))["status"] == "closed"


async def test_group_pays_the_public_fare_less_its_discount(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    departure = departing(owner, seats=SEATS)
    public = (await traveller.offer(departure, brand="Standard"))["passengers"][0]
    group = await ask(traveller, departure)

    full = (await desk.quote(group, discount_percent=0, fare_class="H")).json()
    half = (await desk.quote(group, discount_percent=50, fare_class="H")).json()

    assert full["total_per_seat"] == public["total"] or full["total_per_seat"]["amount_minor"] > 0
    saved = full["total_per_seat"]["amount_minor"] - half["total_per_seat"]["amount_minor"]
    assert 0 < saved < full["total_per_seat"]["amount_minor"]


async def test_seats_without_a_deposit_go_back(traveller: Traveller, desk: Desk, owner: Owner) -> None:
    departure = departing(owner, seats=SEATS)
    group = await accepted(traveller, desk, departure)

    await pass_by(moment(group, "deposit_due_at"))

    ended = await read(traveller, group)
    assert ([part["status"] for part in ended["bookings"]], ended["status"]) == (["expired"] * 2, "closed")
    assert counters(owner, departure) == (0, 0)
    assert scalar(owner, "select count(*) from app.seat_holds where flight_id = %s and outcome = 'expired'",
                  departure.flight_id) == 2  # fmt: skip


async def test_seats_without_a_name_go_back_and_their_deposit_is_kept(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    departure = departing(owner, seats=SEATS)
    group = await accepted(traveller, desk, departure)
    await pay_deposits(traveller, group)
    await name(traveller, group, 8)

    await pass_by(moment(group, "names_due_at"))

    shrunk = await read(traveller, group)
    assert [(part["seats"], part["named"]) for part in shrunk["bookings"]] == [(6, 6), (2, 2)]
    assert counters(owner, departure) == (8, 0)
    last = shrunk["bookings"][1]
    paid = await traveller.pay({"id": last["booking_id"]})
    booking = await traveller.read({"id": last["booking_id"]})
    kept = [item["amount"]["amount_minor"] for item in booking["items"] if item["kind"] == "penalty"]
    assert (booking["status"], kept) == ("ticketed", [4000])
    assert paid["amount"]["amount_minor"] == 2 * group["total_per_seat"]["amount_minor"] + 4000 - 6000
    assert counters(owner, departure) == (6, 2)
    assert_money_is_conserved(owner, {"id": last["booking_id"]})


async def test_what_is_not_paid_in_the_end_goes_back_and_its_deposit_is_kept(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    departure = departing(owner, seats=SEATS)
    group = await accepted(traveller, desk, departure)
    await pay_deposits(traveller, group)
    await name(traveller, group, 12)

    await pass_by(moment(group, "final_due_at"))
    await pass_by(moment(group, "final_due_at"))

    assert counters(owner, departure) == (0, 0)
    for part in group["bookings"]:
        booking = await traveller.read({"id": part["booking_id"]})
        live = [item for item in booking["items"] if item["status"] == "live"]
        assert [(item["code"], item["amount"]["amount_minor"]) for item in live] == [("DEPOSIT", 6000)]
        assert_money_is_conserved(owner, {"id": part["booking_id"]})


async def test_booking_of_a_block_is_not_paid_before_all_have_names(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    group = await accepted(traveller, desk, departing(owner, seats=SEATS))
    await pay_deposits(traveller, group)
    await name(traveller, group, 8)

    path = f"/v1/bookings/{group['bookings'][1]['booking_id']}/payments"
    refused = await traveller.post(path, payment_request())

    assert (refused.status_code, refused.json()["code"]) == (409, "names_missing")


async def test_deposit_is_paid_once_and_only_for_a_block(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    departure = departing(owner, seats=SEATS)
    group = await accepted(traveller, desk, departure)
    await pay_deposits(traveller, group)
    plain = await traveller.book(departure)

    for booking_id in (group["bookings"][0]["booking_id"], plain["id"]):
        path = f"/v1/groups/{group['id']}/bookings/{booking_id}/deposit"
        refused = await traveller.post(path, payment_request())
        assert (refused.status_code, refused.json()["code"]) == (409, "deposit_not_due")


async def test_block_is_held_whole_or_not_at_all(traveller: Traveller, desk: Desk, owner: Owner) -> None:
    departure = departing(owner, seats={"Y": 10, "M": 10})
    group = await ask(traveller, departure)
    assert (await desk.quote(group)).status_code == 200

    refused = await traveller.post(f"/v1/groups/{group['id']}/accept")

    assert (refused.status_code, refused.json()["code"]) == (409, "sold_out")
    assert counters(owner, departure) == (0, 0)
    assert (await read(traveller, group))["status"] == "quoted"


async def test_quote_is_over_at_its_time(traveller: Traveller, desk: Desk, owner: Owner) -> None:
    group = await ask(traveller, departing(owner, seats=SEATS))
    quoted = (await desk.quote(group)).json()
    late = traveller.at(moment(quoted, "quote_expires_at"))

    refused = await late.post(f"/v1/groups/{group['id']}/accept")

    assert (refused.status_code, refused.json()["code"]) == (409, "group_quote_ended")
    assert (await read(late, group))["status"] == "lapsed"


async def test_group_over_two_flights_holds_both_and_cancelling_frees_both(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    there, back = departing(owner, seats=SEATS), departing(owner, seats=SEATS)
    group = await accepted(traveller, desk, there, back)
    await pay_deposits(traveller, group)
    assert (counters(owner, there), counters(owner, back)) == ((12, 0), (12, 0))

    cancelled = await traveller.post(f"/v1/groups/{group['id']}/cancel")
    await pass_by(datetime.now(UTC))

    assert cancelled.json()["status"] == "cancelled"
    assert (counters(owner, there), counters(owner, back)) == ((0, 0), (0, 0))
    for part in group["bookings"]:
        assert_money_is_conserved(owner, {"id": part["booking_id"]})


async def test_refusals(traveller: Traveller, desk: Desk, owner: Owner, client: httpx2.AsyncClient) -> None:
    departure = departing(owner, seats=SEATS)
    group = await ask(traveller, departure)
    stranger = new_traveller(client, owner)

    async def refused(answer: httpx2.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    few = {"flight_ids": group["flight_ids"], "seats": 9, "contact": {"email": "club@example.com"}}
    assert await refused(await traveller.post("/v1/groups", few)) == (422, "malformed_request")
    assert await refused(await stranger.get(f"/v1/groups/{group['id']}")) == (404, "group_not_found")
    unquoted = await traveller.post(f"/v1/groups/{group['id']}/accept")
    assert await refused(unquoted) == (409, "group_quote_ended")
    assert await refused(await name(traveller, group, 2)) == (409, "group_ended")
    assert await refused(await desk.quote(group, fare_class="Z")) == (409, "class_not_on_sale")
    late = (departure.departs_at + timedelta(days=1)).isoformat()
    assert await refused(await desk.quote(group, final_due_at=late)) == (422, "group_deadlines_invalid")
    assert (await desk.post(f"/v1/admin/groups/{group['id']}/decline")).json()["status"] == "declined"
    assert await refused(await desk.quote(group)) == (409, "group_not_quotable")
    listed = await desk.get("/v1/admin/groups?status=declined")
    assert group["id"] in [each["id"] for each in listed.json()["data"]]


async def test_more_names_than_seats_are_refused_and_none_is_taken(
    traveller: Traveller, desk: Desk, owner: Owner
) -> None:
    group = await accepted(traveller, desk, departing(owner, seats=SEATS))

    refused = await name(traveller, group, 13)

    assert (refused.status_code, refused.json()["code"]) == (409, "group_too_many_names")
    assert [part["named"] for part in (await read(traveller, group))["bookings"]] == [0, 0]

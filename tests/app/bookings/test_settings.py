"""Settings and flags that are really asked: what an administrator says is what a customer meets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.core.ids import encode, uuid7
from app.settings import memory
from app.settings.definitions import Flag, Setting
from app.settings.registry import (
    CHECKOUT_HOLD,
    MAX_HOLDS_PER_USER,
    OVERBOOKING_CEILING,
    PAY_LATER,
    QUOTE_LIFE,
    REGISTRATION,
    WAITLIST_WINDOW,
)
from app.settings.rules import Snapshot, Version
from app.settings.schemas import FlagState, Kind, Scope
from tests.app.bookings.travellers import Traveller, booking_request, departing, new_traveller
from tests.app.conftest import Owner
from tests.app.identity.accounts import new_person
from tests.app.operators import Operator
from tests.app.waitlist.test_waitlist import free, join, read, serve

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Say = Callable[[Setting[Any] | Flag, Any], None]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    """Let something hold for one test: what is written to the table would hold for all that follow."""
    held: dict[tuple[Kind, str], tuple[Version, ...]] = {}
    monkeypatch.setattr(memory, "current", lambda: Snapshot(held))

    def say(definition: Setting[Any] | Flag, value: Any) -> None:
        kind = Kind.FLAG if isinstance(definition, Flag) else Kind.SETTING
        stored = value if isinstance(definition, Flag) else definition.write(value)
        version = Version(kind, definition.key, 1, Scope.ALL, stored, LONG_AGO, "tried", None, LONG_AGO)
        held[kind, definition.key] = (version,)

    return say


@pytest.fixture
def operator(client: httpx2.AsyncClient) -> Operator:
    return Operator(client)


OFF = FlagState(serve="off").model_dump(mode="json")


async def test_registration_can_be_switched_off(client: httpx2.AsyncClient, say: Say) -> None:
    say(REGISTRATION, OFF)

    refused = await client.post("/v1/users", json=new_person())

    assert (refused.status_code, refused.json()["code"]) == (409, "feature_off")


async def test_checkout_hold_lasts_as_long_as_is_said(traveller: Traveller, owner: Owner, say: Say) -> None:
    say(CHECKOUT_HOLD, timedelta(minutes=40))

    booking = await traveller.book(departing(owner))

    until = datetime.fromisoformat(booking["payment_required_by"])
    assert until - datetime.fromisoformat(booking["created_at"]) == timedelta(minutes=40)


async def test_quote_lasts_as_long_as_is_said(traveller: Traveller, owner: Owner, say: Say) -> None:
    say(QUOTE_LIFE, timedelta(hours=3))

    quote = await traveller.quote(await traveller.book(departing(owner)))

    lasts = datetime.fromisoformat(quote["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=2, minutes=55) < lasts <= timedelta(hours=3)


async def test_customer_holds_no_more_than_is_said_until_one_is_let_go(
    traveller: Traveller, owner: Owner, say: Say
) -> None:
    say(MAX_HOLDS_PER_USER, 2)
    departure = departing(owner)
    first = await traveller.book(departure)
    await traveller.book(departure)
    third = booking_request(await traveller.offer(departure))

    refused = await traveller.post("/v1/bookings", third)
    await traveller.confirm(await traveller.quote(first))
    taken = await traveller.post("/v1/bookings", third)

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_holds")
    assert taken.status_code == 201, taken.text


async def test_holding_to_pay_later_can_be_switched_off_for_everybody_but_some(
    traveller: Traveller, owner: Owner, say: Say
) -> None:
    departure = departing(owner)
    wanted = booking_request(await traveller.offer(departure)) | {"hold": "pay_later"}
    say(PAY_LATER, OFF)
    refused = await traveller.post("/v1/bookings", wanted)
    friends = {"users": [encode("usr", traveller.user_id)], "serve": "on"}
    say(PAY_LATER, FlagState.model_validate({"serve": "off", "rules": [friends]}).model_dump(mode="json"))
    taken = await traveller.post("/v1/bookings", wanted)

    assert (refused.status_code, refused.json()["code"]) == (409, "feature_off")
    assert taken.status_code == 201, taken.text


async def test_overbooking_goes_as_far_as_is_said(operator: Operator, owner: Owner, say: Say) -> None:
    flight_id = encode("flt", departing(owner, seats={"Y": 100}).flight_id)
    path = f"/v1/admin/flights/{flight_id}"
    asked = {"cabins": [{"cabin": "economy", "authorised": 110}], "reason": "no-shows of last year"}

    async def ask() -> httpx2.Response:
        etag = (await operator.get(f"{path}/inventory")).headers["etag"]
        headers = operator.headers({"if-match": etag, "idempotency-key": uuid7().hex})
        return await operator.client.put(f"{path}/controls", json=asked, headers=headers)

    say(OVERBOOKING_CEILING, 105)
    refused = await ask()
    say(OVERBOOKING_CEILING, 110)
    allowed = await ask()

    assert (refused.status_code, refused.json()["code"]) == (422, "overbooking_too_high")
    assert allowed.status_code == 200, allowed.text


async def test_seats_from_the_waitlist_wait_as_long_as_is_said(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner, say: Say
) -> None:
    say(WAITLIST_WINDOW, timedelta(hours=5))
    departure, waiting = departing(owner, seats={"Y": 1}), new_traveller(client, owner)
    taken = await traveller.book(departure)
    entry = await join(waiting, departure)
    await free(traveller, taken)

    await serve()

    offered = await read(waiting, entry)
    lasts = datetime.fromisoformat(offered["offer_expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=4, minutes=55) < lasts <= timedelta(hours=5)

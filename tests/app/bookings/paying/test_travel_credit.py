"""Travel credit: given, spent in part beside a card, alone, twice at once, given back, and lapsed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.bookings import service
from app.core.db import transaction
from app.payments import credit_service
from tests.app.bookings.paying.agents import Agent
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
    kill_hold,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

CARD = {"gateway": "sandbox", "card_token": "tok_ok_US_card"}


@pytest.fixture
def agent(client: httpx2.AsyncClient, owner: Owner) -> Agent:
    return Agent(client, owner)


async def credit_of(traveller: Traveller, owner: Owner, agent: Agent, amount_minor: int) -> dict[str, Any]:
    earlier = await traveller.book(departing(owner))
    return await agent.compensate(earlier, amount_minor)


async def left(traveller: Traveller, credit: dict[str, Any]) -> int:
    answer = await traveller.get(f"/v1/travel-credits/{credit['id']}")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["left"]["amount_minor"])


def using(credit: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"travel_credits": [{"travel_credit_id": credit["id"]} | more]}


async def pay(traveller: Traveller, booking: dict[str, Any], body: dict[str, Any]) -> httpx2.Response:
    return await traveller.post(f"/v1/bookings/{booking['id']}/payments", body)


async def test_credit_pays_a_part_and_the_card_the_rest(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    credit = await credit_of(traveller, owner, agent, 5_000)
    departure = departing(owner)
    booking = await traveller.book(departure)

    answer = await pay(traveller, booking, CARD | using(credit, amount_minor=3_000))

    assert answer.status_code == 201, answer.text
    paid = answer.json()
    assert (paid["status"], paid["travel_credit"]["amount_minor"]) == ("captured", 3_000)
    assert paid["amount"]["amount_minor"] == booking["total"]["amount_minor"] - 3_000
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert await left(traveller, credit) == 2_000
    assert_money_is_conserved(owner, booking)


async def test_credit_that_covers_all_needs_no_card(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    credit = await credit_of(traveller, owner, agent, 1_000_000)
    booking = await traveller.book(departing(owner))

    answer = await pay(traveller, booking, using(credit))

    assert (answer.status_code, answer.json()["gateway"]) == (201, "travel_credit"), answer.text
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert await left(traveller, credit) == 1_000_000 - booking["total"]["amount_minor"]
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize("token", ["tok_declined_US_card", "tok_late_fail_US_card"])
async def test_card_that_fails_leaves_the_credit_whole(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent, token: str
) -> None:
    credit = await credit_of(traveller, owner, agent, 5_000)
    booking = await traveller.book(departing(owner))

    answer = (await pay(traveller, booking, CARD | {"card_token": token} | using(credit))).json()
    if answer["status"] == "created":
        assert await left(traveller, credit) == 0
        httpx2.post(f"{gateway.url}/v1/charges/{answer['id']}/bring-about").raise_for_status()
        age_attempts(owner, booking)
        await service.resolve_stuck_payments()

    assert (await traveller.get(f"/v1/payments/{answer['id']}")).json()["status"] == "failed"
    assert await left(traveller, credit) == 5_000
    assert_nothing_is_stuck(owner, booking)
    assert (await pay(traveller, booking, CARD | using(credit))).json()["status"] == "captured"
    assert_money_is_conserved(owner, booking)


async def test_refund_goes_back_to_the_card_and_to_the_credit(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    credit = await credit_of(traveller, owner, agent, 5_000)
    booking = await traveller.book(departing(owner), brand="Flex")
    paid = (await pay(traveller, booking, CARD | using(credit))).json()

    confirmed = await traveller.confirm(await traveller.quote(booking))

    assert confirmed.status_code == 200, confirmed.text
    assert await left(traveller, credit) == 5_000
    charge = httpx2.get(f"{gateway.url}/v1/charges/{paid['id']}").json()
    assert charge["refunded_minor"] == paid["amount"]["amount_minor"]
    assert_money_is_conserved(owner, booking)


async def test_cancellation_can_be_paid_back_as_credit(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    paid = await traveller.pay(booking)
    quote = await traveller.quote(booking)

    confirmed = await traveller.post(
        f"/v1/cancellations/{quote['id']}/confirm", {"refund_to": "travel_credit"}
    )

    assert confirmed.status_code == 200, confirmed.text
    (refund,) = confirmed.json()["refunds"]
    assert refund["status"] == "done"
    assert httpx2.get(f"{gateway.url}/v1/charges/{paid['id']}").json()["refunded_minor"] == 0
    (credit,) = (await traveller.get("/v1/travel-credits")).json()["data"]
    assert (credit["id"], credit["left"]) == (refund["travel_credit_id"], quote["refund_amount"])
    assert (await traveller.get(f"/v1/payments/{paid['id']}")).json()["status"] == "refunded"
    assert_money_is_conserved(owner, booking)
    again = await traveller.book(departing(owner))
    answer = await pay(traveller, again, CARD | using(credit))
    assert answer.json()["status"] == "captured", answer.text
    assert_money_is_conserved(owner, again)


async def test_credit_cannot_be_spent_twice_at_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    credit = await credit_of(traveller, owner, agent, 5_000)
    bookings = [await traveller.book(departing(owner)) for _ in range(4)]

    answers = await asyncio.gather(
        *(pay(traveller, booking, CARD | using(credit, amount_minor=2_000)) for booking in bookings)
    )

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "travel_credit_not_enough"}
    assert await left(traveller, credit) == 1_000
    for booking, answer in zip(bookings, answers, strict=True):
        if answer.status_code == 201:
            assert_money_is_conserved(owner, booking)


async def test_counting_first_and_subtracting_then_would_overspend(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    """The control: the same credit, spent by reading what is left and writing what remains."""
    credit = await credit_of(traveller, owner, agent, 5_000)
    key = str(credit["id"]).removeprefix("crd_")
    all_have_read = asyncio.Barrier(4)
    spent = 0

    async def read_then_write() -> None:
        nonlocal spent
        remaining = scalar(owner, "select left_minor from app.travel_credits where id = %s", key)
        await all_have_read.wait()
        if remaining >= 2_000:
            owner.execute(
                "update app.travel_credits set left_minor = %s where id = %s", (remaining - 2_000, key)
            )
            spent += 2_000

    await asyncio.gather(*(read_then_write() for _ in range(4)))

    assert spent > 5_000


async def test_credit_of_another_does_not_exist(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    credit = await credit_of(traveller, owner, agent, 5_000)
    thief = new_traveller(client, owner)
    booking = await thief.book(departing(owner))

    read = await thief.get(f"/v1/travel-credits/{credit['id']}")
    spend = await pay(thief, booking, CARD | using(credit))

    assert [(each.status_code, each.json()["code"]) for each in (read, spend)] == [
        (404, "travel_credit_not_found")
    ] * 2
    assert await left(traveller, credit) == 5_000


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "malformed_request"),
        ({"card_token": "tok_ok_US_card"}, 422, "malformed_request"),
        ({"travel_credits": []}, 422, "malformed_request"),
    ],
)
async def test_payment_that_names_nothing_to_pay_with_is_refused(
    traveller: Traveller,
    owner: Owner,
    gateway: GatewayProcess,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    booking = await traveller.book(departing(owner))

    answer = await pay(traveller, booking, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_credit_that_does_not_cover_all_needs_a_card(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    credit = await credit_of(traveller, owner, agent, 100)
    booking = await traveller.book(departing(owner))

    answer = await pay(traveller, booking, using(credit))

    assert (answer.status_code, answer.json()["code"]) == (422, "card_needed")
    assert await left(traveller, credit) == 100


async def test_credit_lapses_at_its_time_and_is_no_longer_owed(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    earlier = await traveller.book(departing(owner))
    credit = await agent.compensate(earlier, 5_000)
    over = datetime.fromisoformat(credit["expires_at"])

    async with transaction() as session:
        await credit_service.expire_credits(session, over - timedelta(microseconds=1), 1_000)
    assert await left(traveller, credit) == 5_000
    async with transaction() as session:
        assert await credit_service.expire_credits(session, over, 1_000) == 1
        assert await credit_service.expire_credits(session, over, 1_000) == 0

    assert await left(traveller, credit) == 0
    assert event_types(owner, earlier).count("TravelCreditExpired") == 1


async def test_purpose_that_refuses_gives_card_and_credit_back(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    """The hold dies while the card is silent, and the only seat goes to another."""
    credit = await credit_of(traveller, owner, agent, 5_000)
    departure = departing(owner, seats={"Y": 1})
    booking = await traveller.book(departure)
    body = CARD | {"card_token": "tok_late_US_card"} | using(credit)
    waiting = (await pay(traveller, booking, body)).json()
    quick = new_traveller(client, owner)
    offer = await quick.offer(departure)
    await let_die(owner, booking)
    taken = await quick.post(
        "/v1/bookings",
        {
            "offer_id": offer["id"],
            "passengers": [{"type": "adult", "given_name": "Quick", "family_name": "One"}],
            "contact": {"email": "quick@example.com"},
        },
    )
    assert (await quick.pay(taken.json()))["status"] == "captured"
    httpx2.post(f"{gateway.url}/v1/charges/{waiting['id']}/bring-about").raise_for_status()
    age_attempts(owner, booking)

    await service.resolve_stuck_payments()

    assert (await traveller.get(f"/v1/payments/{waiting['id']}")).json()["status"] == "refunded"
    assert await left(traveller, credit) == 5_000
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def let_die(owner: Owner, booking: dict[str, Any]) -> None:
    kill_hold(owner, booking)
    async with transaction() as session:
        await service.expire_dead_holds(session, datetime.now(UTC))


def assert_nothing_is_stuck(owner: Owner, booking: dict[str, Any]) -> None:
    open_rows = scalar(
        owner,
        "select count(*) from app.payments where booking_id = %s and status in "
        "('created', 'requires_action', 'authorised')",
        str(booking["id"]).removeprefix("bkg_"),
    )
    assert open_rows == 0

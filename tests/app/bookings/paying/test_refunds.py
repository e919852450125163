"""Paying back by hand: what is owed, what may be given up, and never more than there is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.core.ids import uuid7
from tests.app.bookings.paying.agents import Agent
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    departing,
    event_types,
    key_of,
    scalar,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture
def agent(client: httpx2.AsyncClient, owner: Owner) -> Agent:
    return Agent(client, owner)


def at_provider(gateway: GatewayProcess, payment: dict[str, Any]) -> int:
    return int(httpx2.get(f"{gateway.url}/v1/charges/{payment['id']}").json()["refunded_minor"])


async def cancelled(traveller: Traveller, owner: Owner) -> tuple[dict[str, Any], dict[str, Any], int]:
    """A booking cancelled for a penalty: the booking, its payment, and the penalty."""
    booking = await traveller.book(departing(owner), brand="Basic")
    payment = await traveller.pay(booking)
    # Two days later, when the sale can no longer be undone for nothing.
    later = traveller.at(datetime.now(UTC) + timedelta(days=2))
    quote = await later.quote(booking)
    assert (await later.confirm(quote)).status_code == 200
    return booking, payment, int(quote["penalty"]["amount_minor"])


async def test_penalty_is_given_up_in_parts(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    booking, payment, penalty_minor = await cancelled(traveller, owner)
    before = at_provider(gateway, payment)

    first = await agent.refund(payment, amount={"amount_minor": 100, "currency": "USD"})
    rest = await agent.refund(payment, amount={"amount_minor": penalty_minor - 100, "currency": "USD"})

    assert [first.status_code, rest.status_code] == [201, 201], first.text + rest.text
    assert first.json()["waived"]["amount_minor"] == 100
    assert at_provider(gateway, payment) == before + penalty_minor
    assert_money_is_conserved(owner, booking)
    told = scalar(owner, "select count(*) from app.audit_entries where action = 'payment.refunded'")
    assert told >= 2


async def test_what_flies_has_to_stay_paid(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)

    some = await agent.refund(payment, amount={"amount_minor": 1, "currency": "USD"})
    nothing = await agent.refund(payment)

    assert [(each.status_code, each.json()["code"]) for each in (some, nothing)] == [
        (409, "nothing_to_refund")
    ] * 2
    assert at_provider(gateway, payment) == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": {"amount_minor": 10**9, "currency": "USD"}}, 409, "refund_too_large"),
        ({"amount": {"amount_minor": 100, "currency": "EUR"}}, 409, "currency_differs"),
        ({"amount": {"amount_minor": 0, "currency": "USD"}}, 422, "malformed_request"),
        ({"amount": {"amount_minor": -5, "currency": "USD"}}, 422, "malformed_request"),
        ({"reason": ""}, 422, "malformed_request"),
        ({"to": "cash"}, 422, "malformed_request"),
    ],
)
async def test_refund_that_cannot_be_is_refused(
    traveller: Traveller,
    owner: Owner,
    gateway: GatewayProcess,
    agent: Agent,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    _, payment, _ = await cancelled(traveller, owner)

    answer = await agent.refund(payment, **body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_two_agents_at_once_pay_back_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    booking, payment, penalty_minor = await cancelled(traveller, owner)
    before = at_provider(gateway, payment)
    whole = {"amount": {"amount_minor": penalty_minor, "currency": "USD"}}

    answers = await asyncio.gather(*(agent.refund(payment, **whole) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert at_provider(gateway, payment) == before + penalty_minor
    assert_money_is_conserved(owner, booking)


async def test_repeated_key_pays_back_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    booking, payment, _ = await cancelled(traveller, owner)
    path = f"/v1/payments/{payment['id']}/refunds"
    body = {"reason": "as agreed", "amount": {"amount_minor": 100, "currency": "USD"}}
    key = uuid7().hex

    first, second = [await agent.post(path, body, key) for _ in range(2)]

    assert first.json()["refund"]["id"] == second.json()["refund"]["id"]
    assert second.headers["idempotent-replayed"] == "true"
    assert event_types(owner, booking).count("RefundIssued") <= 2
    assert_money_is_conserved(owner, booking)


async def test_refund_the_provider_refuses_stays_owed_and_can_be_turned_into_credit(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    payment = await traveller.pay(booking, "tok_refund_refused_US_card")
    confirmed = await traveller.confirm(await traveller.quote(booking))
    assert confirmed.json()["refund"]["status"] == "failed"
    assert event_types(owner, booking).count("RefundFailed") == 1

    answer = await agent.refund(payment, to="travel_credit")

    assert answer.status_code == 201, answer.text
    credit = answer.json()["travel_credit"]
    assert credit["left"] == booking["total"]
    assert (answer.json()["refund"]["status"], answer.json()["owed_before"]) == ("done", booking["total"])
    assert at_provider(gateway, payment) == 0
    mine = await traveller.get("/v1/travel-credits")
    assert [each["id"] for each in mine.json()["data"]] == [credit["id"]]
    assert_money_is_conserved(owner, booking)


async def test_disputed_payment_is_not_paid_back(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    _, payment, _ = await cancelled(traveller, owner)
    owner.execute(
        "update app.payments set status = 'disputed' where booking_id = %s",
        (scalar(owner, "select booking_id from app.payments where id = %s", _uuid(payment)),),
    )

    answer = await agent.refund(payment, amount={"amount_minor": 100, "currency": "USD"})

    assert (answer.status_code, answer.json()["code"]) == (409, "payment_disputed")


async def test_refund_needs_an_agent_with_a_second_factor(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, agent: Agent
) -> None:
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)
    path = f"/v1/payments/{payment['id']}/refunds"

    own = await traveller.post(path, {"reason": "I want it back"})
    headers = agent.headers(stepped_up=False)
    tired = await agent.client.post(path, json={"reason": "as agreed"}, headers=headers)

    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    assert (tired.status_code, tired.json()["code"]) == (403, "step_up_required")


async def test_everything_about_a_bookings_money_is_listed(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess
) -> None:
    booking, payment, _ = await cancelled(traveller, owner)

    listed = (await traveller.get(f"/v1/bookings/{booking['id']}/payments")).json()

    assert [each["id"] for each in listed["payments"]] == [payment["id"]]
    assert [each["payment_id"] for each in listed["refunds"]] == [payment["id"]]
    assert listed["disputes"] == []
    assert scalar(owner, "select count(*) from app.refunds where booking_id = %s", key_of(booking)) == 1


def _uuid(payment: dict[str, Any]) -> str:
    return str(payment["id"]).removeprefix("pay_")

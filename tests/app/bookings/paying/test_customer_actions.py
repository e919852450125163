"""When the customer has to act before the money can move: coming back, giving up, and both at once."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.core.ids import uuid7
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
    new_traveller,
)
from tests.app.bookings.webhooks.deliveries import approve, deliver_all, deliveries_of
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ACTS = "tok_3ds_US_card"


async def confirm(traveller: Traveller, payment: dict[str, Any], key: str | None = None) -> httpx2.Response:
    return await traveller.post(f"/v1/payments/{payment['id']}/confirm", key=key)


async def cancel(traveller: Traveller, payment: dict[str, Any]) -> httpx2.Response:
    return await traveller.post(f"/v1/payments/{payment['id']}/cancel")


async def test_customer_who_comes_back_is_ticketed(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, ACTS)

    early = await confirm(traveller, waiting)
    approve(gateway, waiting)
    done = await confirm(traveller, waiting, key="back")
    again = await confirm(traveller, waiting, key="back")

    assert (early.status_code, early.json()["next_action"]) == (202, waiting["next_action"])
    assert [(each.status_code, each.json()["status"]) for each in (done, again)] == [(200, "captured")] * 2
    assert again.headers["idempotent-replayed"] == "true"
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert_money_is_conserved(owner, booking)


async def test_coming_back_and_the_webhook_at_once_ticket_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    waiting = await traveller.pay(booking, ACTS)
    approve(gateway, waiting)
    (delivery,) = deliveries_of(gateway, waiting)

    answers = await asyncio.gather(
        *(confirm(traveller, waiting) for _ in range(3)), *(delivery.to(traveller.client) for _ in range(3))
    )

    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert event_types(owner, booking).count("PaymentSucceeded") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_customer_who_gives_up_may_pay_with_another_card(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, ACTS)
    path = f"/v1/bookings/{booking['id']}/payments"
    card = {"gateway": "sandbox", "card_token": "tok_ok_US_card"}
    busy = await traveller.post(path, card)

    given_up = await cancel(traveller, waiting)

    assert (busy.status_code, busy.json()["code"]) == (409, "payment_in_progress")
    assert (given_up.status_code, given_up.json()["status"]) == (200, "voided")
    assert (await traveller.post(path, card)).json()["status"] == "captured"
    assert_money_is_conserved(owner, booking)


async def test_giving_up_what_the_bank_has_let_pass_takes_no_money(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    """The webhook is on its way; whoever of the two is first, the charge is let go once and for all."""
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, ACTS)
    approve(gateway, waiting)

    given_up = await cancel(traveller, waiting)
    outcomes = await deliver_all(traveller.client, gateway, waiting)

    assert (given_up.json()["status"], outcomes) == ("voided", ["stale"])
    assert httpx2.get(f"{gateway.url}/v1/charges/{waiting['id']}").json()["status"] == "voided"
    assert (await traveller.read(booking))["status"] == "held"


async def test_only_what_waits_can_be_given_up(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    paid = await traveller.pay(booking)

    answer = await cancel(traveller, paid)

    assert (answer.status_code, answer.json()["code"]) == (409, "payment_not_waiting")
    assert (await confirm(traveller, paid)).json()["status"] == "captured"


async def test_payment_of_another_does_not_exist(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, ACTS)
    stranger = new_traveller(client, owner)

    for answer in (await confirm(stranger, waiting), await cancel(stranger, waiting)):
        assert (answer.status_code, answer.json()["code"]) == (404, "payment_not_found")
    listed = await stranger.get(f"/v1/bookings/{booking['id']}/payments")
    assert (listed.status_code, listed.json()["code"]) == (404, "booking_not_found")


async def test_gateway_that_is_down_leaves_the_customer_to_come_back_again(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, ACTS)
    approve(gateway, waiting)
    key = uuid7().hex
    gateway.kill()
    try:
        away = await confirm(traveller, waiting, key)
    finally:
        gateway.start()

    assert (away.status_code, away.json()["code"]) == (503, "payment_gateway_unavailable")
    assert (await confirm(traveller, waiting, key)).json()["status"] == "captured"


async def test_outcomes_of_the_sandbox_are_listed_and_each_token_is_a_card(
    client: httpx2.AsyncClient, gateway: GatewayProcess
) -> None:
    listed = (await client.get("/v1/sandbox/outcomes")).json()["data"]

    assert len(listed) > 10
    for each in listed:
        assert httpx2.get(f"{gateway.url}/v1/tokens/{each['token']}").status_code == 200

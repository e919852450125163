"""What providers tell by themselves: late, early, five times, in any order, and forged."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from app.bookings import service
from app.bookings import store as bookings
from app.bookings.webhooks import service as webhooks
from app.core.config import get_settings
from app.core.db import transaction
from app.payments import events_service, store
from app.payments import service as payments
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
    event_types,
    key_of,
    kill_hold,
    new_traveller,
    scalar,
)
from tests.app.bookings.webhooks.deliveries import (
    ADDRESS,
    approve,
    ask,
    deliver_all,
    deliver_at_once,
    deliveries_of,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

TWINS = 5


async def payment_of(traveller: Traveller, payment: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/payments/{payment['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_customer_who_passes_the_banks_check_is_ticketed_by_the_webhook(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)

    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    assert (waiting["status"], waiting["next_action"]["type"]) == ("requires_action", "redirect")
    assert (await traveller.read(booking))["status"] == "held"
    approve(gateway, waiting)
    assert await deliver_all(traveller.client, gateway, waiting) == ["applied"]

    paid = await payment_of(traveller, waiting)
    assert (paid["status"], paid["next_action"]) == ("captured", None)
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert event_types(owner, booking).count("PaymentAuthorised") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize("token", ["tok_3ds_US_card", "tok_3ds_fail_US_card"])
async def test_customer_who_fails_the_banks_check_may_pay_with_another_card(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, token: str
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, token)
    approve(gateway, waiting, approve="fail" in token)

    await deliver_all(traveller.client, gateway, waiting)

    failed = await payment_of(traveller, waiting)
    assert (failed["status"], failed["decline_code"]) == ("failed", "authentication_failed")
    assert (await traveller.pay(booking))["status"] == "captured"
    assert_money_is_conserved(owner, booking)


async def test_success_that_comes_later_is_told_by_a_webhook(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    pending = await traveller.pay(booking, "tok_late_US_card")
    assert pending["status"] == "created"
    assert deliveries_of(gateway, pending) == []

    ask(gateway, pending, "bring-about")
    await deliver_all(traveller.client, gateway, pending)

    assert (await payment_of(traveller, pending))["status"] == "captured"
    assert (await traveller.read(booking))["status"] == "ticketed"


@pytest.mark.parametrize("token", ["tok_late_US_card", "tok_3ds_US_card"])
@pytest.mark.parametrize("swept", [True, False])
async def test_success_after_the_hold_died_takes_the_seats_again(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, token: str, swept: bool
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    waiting = await traveller.pay(booking, token)
    await let_hold_die(owner, booking, swept=swept)

    await succeed(gateway, waiting)
    await deliver_all(traveller.client, gateway, waiting)

    assert (await payment_of(traveller, waiting))["status"] == "captured"
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize(
    ("token", "ends_as"), [("tok_late_US_card", "refunded"), ("tok_3ds_US_card", "voided")]
)
async def test_success_that_finds_no_seat_is_paid_back_or_never_taken(
    traveller: Traveller,
    client: httpx2.AsyncClient,
    owner: Owner,
    gateway: GatewayProcess,
    token: str,
    ends_as: str,
) -> None:
    """Money that moved goes back; money that was only set aside is let go."""
    departure = departing(owner, seats={"Y": 1})
    booking = await traveller.book(departure)
    waiting = await traveller.pay(booking, token)
    quick = new_traveller(client, owner)
    offer = await quick.offer(departure)
    await let_hold_die(owner, booking, swept=False)
    taken = (await quick.post("/v1/bookings", booking_request(offer))).json()
    assert (await quick.pay(taken))["status"] == "captured"

    await succeed(gateway, waiting)
    await deliver_all(traveller.client, gateway, waiting)

    after = await payment_of(traveller, waiting)
    assert after["status"] == ends_as
    at_provider = httpx2.get(f"{gateway.url}/v1/charges/{waiting['id']}").json()
    assert (at_provider["status"] == "voided") == (ends_as == "voided")
    await sweep()
    assert (await traveller.read(booking))["status"] == "expired"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_webhook_five_times_at_once_has_one_effect(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    pending = await traveller.pay(booking, "tok_late_US_card")
    ask(gateway, pending, "bring-about")
    (delivery,) = deliveries_of(gateway, pending)

    answers = await deliver_at_once(traveller.client, delivery, TWINS)

    outcomes = sorted(answer.json()["outcome"] for answer in answers)
    assert outcomes == ["applied", *["duplicate"] * (TWINS - 1)]
    assert event_types(owner, booking).count("PaymentSucceeded") == 1
    assert event_types(owner, booking).count("BookingTicketed") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_different_events_of_one_success_at_once_have_one_effect(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    """Five ids for one piece of news: what is left when the ids do not help is the state."""
    departure = departing(owner)
    booking = await traveller.book(departure)
    pending = await traveller.pay(booking, "tok_late_US_card")
    ask(gateway, pending, "bring-about")
    (delivery,) = deliveries_of(gateway, pending)
    twins = [signed(json.loads(delivery.body) | {"id": f"evt_twin{n}_{pending['id']}"}) for n in range(TWINS)]

    answers = await asyncio.gather(*(post(traveller.client, *twin) for twin in twins))

    assert sorted(answer.json()["outcome"] for answer in answers) == ["applied", *["stale"] * (TWINS - 1)]
    assert event_types(owner, booking).count("PaymentSucceeded") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_without_the_guards_one_dispute_would_be_booked_many_times(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: ids not claimed, rows not locked, and all look before any of them writes."""
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)
    ask(gateway, payment, "dispute")
    (delivery,) = deliveries_of(gateway, payment)
    all_have_looked = asyncio.Barrier(TWINS)

    async def claim_always(*_: Any) -> bool:
        return True

    async def look_without_lock(session: Any, booking_id: Any) -> Any:
        return await bookings.find_booking(session, booking_id)

    async def find_nothing_yet(session: Any, gateway_name: str, reference: str) -> Any:
        found = await find_dispute(session, gateway_name, reference)
        if found is None:
            await all_have_looked.wait()
        return found

    find_dispute = store.find_dispute
    monkeypatch.setattr(events_service, "claim", claim_always)
    monkeypatch.setattr(webhooks, "get_booking_for_update", look_without_lock)
    monkeypatch.setattr(payments, "get_payment_for_update", payments.get_payment)
    monkeypatch.setattr(store, "find_dispute", find_nothing_yet)

    answers = await deliver_at_once(traveller.client, delivery, TWINS)

    # Now only the unique constraint stands between five inserts and five journal entries.
    assert sorted(answer.status_code for answer in answers) == [200, *[500] * (TWINS - 1)]


@pytest.mark.parametrize("seed", range(4))
async def test_news_in_any_order_and_repeated_end_the_same(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, seed: int
) -> None:
    booking = await traveller.book(departing(owner))
    pending = await traveller.pay(booking, "tok_late_US_card")
    ask(gateway, pending, "bring-about")
    ask(gateway, pending, "dispute")
    ask(gateway, pending, "dispute/close", {"outcome": "lost"})
    news = deliveries_of(gateway, pending) * 3
    Random(seed).shuffle(news)

    for delivery in news:
        answer = await delivery.to(traveller.client)
        assert answer.status_code == 200, answer.text

    assert {each.type for each in news} == {"charge.captured", "dispute.opened", "dispute.lost"}
    assert (await payment_of(traveller, pending))["status"] == "lost"
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert event_types(owner, booking).count("PaymentDisputed") == 1
    assert event_types(owner, booking).count("DisputeLost") == 1
    assert balance(owner, booking) == {"losses": booking["total"]["amount_minor"]} | sold(booking)


@pytest.mark.parametrize(("outcome", "account"), [("won", "gateway"), ("lost", "losses")])
async def test_dispute_takes_the_money_until_it_is_decided(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, outcome: str, account: str
) -> None:
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)
    total_minor = booking["total"]["amount_minor"]

    ask(gateway, payment, "dispute")
    await deliver_all(traveller.client, gateway, payment)
    assert (await payment_of(traveller, payment))["status"] == "disputed"
    assert flag(owner, booking) == "open"
    assert balance(owner, booking) == {"disputes": total_minor} | sold(booking)

    ask(gateway, payment, "dispute/close", {"outcome": outcome})
    await deliver_all(traveller.client, gateway, payment)
    assert (await payment_of(traveller, payment))["status"] == outcome
    assert flag(owner, booking) == outcome
    assert balance(owner, booking) == {account: total_minor} | sold(booking)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_minor": 1}, "webhook_amount_differs"),
        ({"currency": "EUR"}, "webhook_amount_differs"),
    ],
)
async def test_webhook_of_another_amount_changes_nothing(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, change: dict[str, Any], code: str
) -> None:
    booking = await traveller.book(departing(owner))
    pending = await traveller.pay(booking, "tok_late_US_card")
    ask(gateway, pending, "bring-about")
    (delivery,) = deliveries_of(gateway, pending)
    event = json.loads(delivery.body)

    answer = await post(traveller.client, *signed(event | {"data": event["data"] | change}))

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await payment_of(traveller, pending))["status"] == "created"
    # It was not taken: the true one, under the same id, still is.
    assert (await delivery.to(traveller.client)).json()["outcome"] == "applied"


async def test_forged_stale_and_altered_webhooks_are_refused(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    pending = await traveller.pay(booking, "tok_late_US_card")
    ask(gateway, pending, "bring-about")
    (delivery,) = deliveries_of(gateway, pending)
    event, now = json.loads(delivery.body), datetime.now(UTC)
    refused = [
        (delivery.body, {}),
        (delivery.body + " ", delivery.headers),
        (delivery.body, delivery.headers | {"webhook-signature": "v1,bm8="}),
        (delivery.body, delivery.headers | {"webhook-id": "evt_other"}),
        signed(event, at=now - timedelta(seconds=301)),
        signed(event, at=now + timedelta(seconds=301)),
        signed(event, secret="not the secret"),
    ]

    for body, headers in refused:
        answer = await post(traveller.client, body, headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook_unsigned")
    assert (await payment_of(traveller, pending))["status"] == "created"


@pytest.mark.parametrize(
    ("event", "status", "says"),
    [
        ({"id": "evt_a", "type": "charge.captured"}, 422, "webhook_malformed"),
        ({"id": "evt_b", "type": "charge.flown", "data": {}}, 422, "webhook_malformed"),
        (
            {"id": "evt_c", "type": "tea.ready", "data": {"amount_minor": 1, "currency": "USD"}},
            200,
            "ignored",
        ),
    ],
)
async def test_what_cannot_be_understood_is_said(
    traveller: Traveller, gateway: GatewayProcess, event: dict[str, Any], status: int, says: str
) -> None:
    answer = await post(traveller.client, *signed(event))

    assert answer.status_code == status
    assert says in (answer.json().get("code"), answer.json().get("outcome"))


async def test_webhook_about_nothing_of_ours_is_taken_and_does_nothing(
    traveller: Traveller, gateway: GatewayProcess
) -> None:
    data = {"reference": "ch_x", "amount_minor": 100, "currency": "USD", "decline_code": None}
    for number, key in enumerate(("pay_0197f3a25b6c7d8e9f00112233445566", "not-a-key")):
        event = {"id": f"evt_stranger{number}", "type": "charge.captured", "data": data | {"key": key}}

        answer = await post(traveller.client, *signed(event))

        assert (answer.status_code, answer.json()["outcome"]) == (200, "unknown")


async def test_slow_refund_is_on_its_way_until_a_webhook_says_it_is_done(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    payment = await traveller.pay(booking, "tok_refund_slow_US_card")
    confirmed = await traveller.confirm(await traveller.quote(booking))
    assert confirmed.json()["refund"]["status"] in ("created", "in_transit")
    assert (await payment_of(traveller, payment))["status"] == "captured"

    ask(gateway, payment, "bring-about")
    assert await deliver_all(traveller.client, gateway, payment) == ["applied"]

    assert (await payment_of(traveller, payment))["status"] == "refunded"
    assert_money_is_conserved(owner, booking)


async def test_customer_who_leaves_at_the_banks_check_is_let_go_after_a_while(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    age_attempts(owner, booking)
    assert await service.resolve_stuck_payments() == 0
    for _ in range(15):
        age_attempts(owner, booking)

    assert await service.resolve_stuck_payments() == 1

    left = await payment_of(traveller, waiting)
    assert (left["status"], left["decline_code"]) == ("voided", "action_not_taken")
    assert httpx2.get(f"{gateway.url}/v1/charges/{waiting['id']}").json()["status"] == "voided"


async def test_lost_webhook_of_a_passed_check_is_made_up_for_by_the_chore(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    approve(gateway, waiting)
    for _ in range(16):
        age_attempts(owner, booking)

    await asyncio.gather(service.resolve_stuck_payments(), service.resolve_stuck_payments())

    assert (await payment_of(traveller, waiting))["status"] == "captured"
    assert event_types(owner, booking).count("PaymentSucceeded") == 1
    assert_money_is_conserved(owner, booking)


async def let_hold_die(owner: Owner, booking: dict[str, Any], *, swept: bool) -> None:
    kill_hold(owner, booking)
    if swept:
        await sweep()


async def sweep() -> None:
    async with transaction() as session:
        await service.expire_dead_holds(session, datetime.now(UTC))


async def succeed(gateway: GatewayProcess, payment: dict[str, Any]) -> None:
    """Let the provider's result come: late, or by the customer's doing."""
    if payment["next_action"] is None:
        ask(gateway, payment, "bring-about")
    else:
        approve(gateway, payment)


def signed(
    event: dict[str, Any], *, at: datetime | None = None, secret: str | None = None
) -> tuple[str, dict[str, str]]:
    key = secret or get_settings().secret("gateway_webhook_secret")
    webhook = Webhook(base64.b64encode(key.encode()).decode())
    moment, body = (at or datetime.now(UTC)).replace(microsecond=0), json.dumps(event)
    return body, {
        "webhook-id": event["id"],
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign(event["id"], moment, body),
    }


async def post(client: httpx2.AsyncClient, body: str, headers: dict[str, str]) -> httpx2.Response:
    return await client.post(ADDRESS, content=body, headers={"content-type": "application/json"} | headers)


def balance(owner: Owner, booking: dict[str, Any]) -> dict[str, int]:
    """What each account holds on account of a booking, but for those that hold nothing."""
    rows = owner.execute(
        "select account, sum(amount_minor)::bigint from app.journal_entries where booking_id = %s "
        "group by account having sum(amount_minor) <> 0",
        (key_of(booking),),
    )
    return {str(row[0]): int(str(row[1])) for row in rows}


def sold(booking: dict[str, Any]) -> dict[str, int]:
    by_kind = {
        kind: sum(item["amount"]["amount_minor"] for item in booking["items"] if item["kind"] == kind)
        for kind in ("fare", "tax")
    }
    return {"revenue": -by_kind["fare"], "taxes": -by_kind["tax"]}


def flag(owner: Owner, booking: dict[str, Any]) -> str:
    return str(scalar(owner, "select dispute_status from app.bookings where id = %s", key_of(booking)))

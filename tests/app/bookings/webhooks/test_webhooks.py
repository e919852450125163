"""What providers tell by themselves: five times, in any order, and forged."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from app.bookings import store as bookings
from app.bookings.webhooks import service as webhooks
from app.payments import events_service, store
from app.payments import service as payments
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
)
from tests.app.bookings.webhooks.deliveries import (
    ask,
    balance,
    deliver_all,
    deliver_at_once,
    deliveries_of,
    flag,
    payment_of,
    post,
    signed,
    sold,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

TWINS = 5


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
        signed(event, at=now + timedelta(seconds=400)),
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

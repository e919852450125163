"""What may go wrong between a card and a seat."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.bookings import service
from app.core.db import transaction
from app.core.entities import Entities
from app.core.money import Money
from app.payments import service as payments
from app.payments.schemas import CardShown, FraudVerdict, NewPayment
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
    key_of,
    kill_hold,
    new_traveller,
    payment_request,
    scalar,
    suspect,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SILENT = "tok_timeout_US_silent"
ONE_SEAT = {"Y": 1}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers of the gateway that give up sooner, so that a silent one costs the test no five seconds."""
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))


def charge_at(gateway: GatewayProcess, payment: dict[str, Any]) -> httpx2.Response:
    return httpx2.get(f"{gateway.url}/v1/charges/{payment['id']}")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined_US_c", "card_declined"),
        ("tok_insufficient_US_c", "insufficient_funds"),
        ("tok_cvv_US_c", "incorrect_cvv"),
        ("tok_expired_US_c", "expired_card"),
    ],
)
async def test_declined_card_leaves_the_hold_and_another_card_buys(
    traveller: Traveller, owner: Owner, token: str, code: str
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)

    declined = await traveller.pay(booking, token)
    assert (declined["status"], declined["decline_code"]) == ("failed", code)
    assert (await traveller.read(booking))["status"] == "held"

    assert (await traveller.pay(booking))["status"] == "captured"
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (payment_request("tok_nonsense"), "card_unknown"),
        (payment_request("4111111111111111"), "card_number_refused"),
        (payment_request() | {"gateway": "piggybank"}, "gateway_unknown"),
        (payment_request() | {"amount": 1}, "malformed_request"),
    ],
)
async def test_what_is_no_payment_is_refused(
    traveller: Traveller, owner: Owner, body: dict[str, Any], code: str
) -> None:
    booking = await traveller.book(departing(owner))

    answer = await traveller.post(f"/v1/bookings/{booking['id']}/payments", body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert event_types(owner, booking) == ["BookingCreated"]


async def test_charge_without_an_answer_is_settled_exactly_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, impatient: None
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    path, body = f"/v1/bookings/{booking['id']}/payments", payment_request(SILENT)

    unknown = await traveller.post(path, body, key="silent")
    assert (unknown.status_code, unknown.json()["status"]) == (202, "created")
    assert charge_at(gateway, unknown.json()).json()["status"] == "captured"
    twin = await traveller.post(path, body, key="silent")
    assert (twin.status_code, twin.headers["retry-after"]) == (409, "1")
    other_key = await traveller.post(path, payment_request())
    assert (other_key.status_code, other_key.json()["code"]) == (409, "payment_in_progress")
    # Young as it is, it is left alone; what other tests left behind may be settled.
    await service.resolve_stuck_payments()
    assert "PaymentSucceeded" not in event_types(owner, booking)

    age_attempts(owner, booking)
    still_unknown = await traveller.post(path, body, key="silent")
    assert (still_unknown.status_code, still_unknown.headers["idempotent-replayed"]) == (202, "true")
    await asyncio.gather(service.resolve_stuck_payments(), service.resolve_stuck_payments())

    settled = await traveller.post(path, body, key="silent")
    assert (settled.status_code, settled.json()["status"]) == (201, "captured")
    assert settled.json()["id"] == unknown.json()["id"]
    assert event_types(owner, booking).count("PaymentSucceeded") == 1
    assert event_types(owner, booking).count("BookingTicketed") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_attempt_the_gateway_never_saw_fails_and_can_never_charge(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    """A process that dies after the first commit leaves this."""
    booking = await traveller.book(departing(owner))
    new = NewPayment(
        booking_id=key_of(booking),
        gateway="sandbox",
        amount=Money(**booking["total"]),
        card=CardShown(brand="visa", country="US", last4="1234"),
        entities=Entities(account=traveller.user_id),
        verdict=FraudVerdict("allow", 0, []),
    )
    async with transaction() as session:
        attempt = await payments.open_payment(session, new, traveller.user_id, datetime.now(UTC))
    age_attempts(owner, booking)

    assert await service.resolve_stuck_payments() == 1

    failed = await traveller.get(f"/v1/payments/pay_{attempt.id.hex}")
    assert (failed.json()["status"], failed.json()["decline_code"]) == ("failed", "not_attempted")
    woken = await payments.charge(attempt, "tok_ok_US_card")
    assert woken is not None
    assert woken.status is payments.ChargeStatus.VOIDED
    assert (await traveller.pay(booking))["status"] == "captured"


@pytest.mark.parametrize("swept", [True, False])
async def test_money_that_comes_after_the_hold_died_takes_the_seats_again(
    traveller: Traveller, owner: Owner, impatient: None, swept: bool
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    await traveller.pay(booking, SILENT)
    kill_hold(owner, booking)
    if swept:
        await sweep()
        assert (await traveller.read(booking))["status"] == "expired"
        assert counters(owner, departure) == (0, 0)
    age_attempts(owner, booking)

    await service.resolve_stuck_payments()

    revived = await traveller.read(booking)
    assert (revived["status"], revived["expired_at"]) == ("ticketed", None)
    assert {item["status"] for item in revived["items"]} == {"live"}
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize("swept", [True, False])
async def test_money_that_finds_no_seat_goes_back(
    traveller: Traveller,
    client: httpx2.AsyncClient,
    owner: Owner,
    gateway: GatewayProcess,
    impatient: None,
    swept: bool,
) -> None:
    departure = departing(owner, seats=ONE_SEAT)
    booking = await traveller.book(departure)
    payment = await traveller.pay(booking, SILENT)
    quick = new_traveller(client, owner)
    wanted = await quick.offer(departure)
    kill_hold(owner, booking)
    if swept:
        await sweep()
    body = {
        "offer_id": wanted["id"],
        "passengers": [{"type": "adult", "given_name": "Quick", "family_name": "One"}],
        "contact": {"email": "quick@example.com"},
    }
    taken = (await quick.post("/v1/bookings", body)).json()
    assert (await quick.pay(taken))["status"] == "captured"
    age_attempts(owner, booking)

    await service.resolve_stuck_payments()

    assert (await traveller.read(booking))["status"] == "expired"
    returned = (await traveller.get(f"/v1/payments/{payment['id']}")).json()
    assert (returned["status"], returned["refunded"]) == ("refunded", booking["total"])
    assert charge_at(gateway, payment).json()["refunded_minor"] == booking["total"]["amount_minor"]
    assert event_types(owner, booking).count("HoldExpired") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)
    assert_money_is_conserved(owner, taken)


async def test_hold_is_dead_at_its_time_and_alive_just_before(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    deadline = datetime.fromisoformat(booking["payment_required_by"])
    path = f"/v1/bookings/{booking['id']}/payments"

    late = await traveller.at(deadline).post(path, payment_request())
    just = await traveller.at(deadline - timedelta(microseconds=1)).post(path, payment_request())

    assert (late.status_code, late.json()["code"]) == (409, "hold_expired")
    assert (just.status_code, just.json()["status"]) == (201, "captured")


@pytest.mark.parametrize("race", range(4))
async def test_sweep_at_the_moment_of_payment_loses_neither_money_nor_seat(
    traveller: Traveller, owner: Owner, race: int
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    deadline = datetime.fromisoformat(booking["payment_required_by"])
    path = f"/v1/bookings/{booking['id']}/payments"

    async def sweep_at_deadline() -> None:
        async with transaction() as session:
            await service.expire_dead_holds(session, deadline)

    on_time = traveller.at(deadline - timedelta(milliseconds=1))
    answer, _ = await asyncio.gather(on_time.post(path, payment_request()), sweep_at_deadline())

    after = await traveller.read(booking)
    if answer.status_code == 201:
        assert (answer.json()["status"], after["status"]) == ("captured", "ticketed")
        assert counters(owner, departure) == (0, 1)
    else:
        assert (answer.json()["code"], after["status"]) == ("hold_expired", "expired")
        assert counters(owner, departure) == (0, 0)
    assert_money_is_conserved(owner, booking)


async def test_two_payments_at_once_charge_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    path = f"/v1/bookings/{booking['id']}/payments"

    answers = await asyncio.gather(*(traveller.post(path, payment_request()) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert scalar(owner, "select count(*) from app.payments where booking_id = %s", key_of(booking)) == 1
    assert_money_is_conserved(owner, booking)


async def test_gateway_that_is_down_is_said_to_be_down_and_nothing_is_written(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    gateway.kill()
    try:
        answer = await traveller.post(f"/v1/bookings/{booking['id']}/payments", payment_request())
    finally:
        gateway.start()

    assert (answer.status_code, answer.json()["code"]) == (503, "payment_gateway_unavailable")
    assert "retry-after" in answer.headers
    assert event_types(owner, booking) == ["BookingCreated"]


async def test_refund_waits_for_a_gateway_that_is_down_and_happens_once(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    payment = await traveller.pay(booking)
    quote = await traveller.quote(booking)
    gateway.kill()
    try:
        confirmed = await traveller.confirm(quote)
    finally:
        gateway.start()
    assert (confirmed.status_code, confirmed.json()["refund"]["status"]) == (200, "created")
    age_attempts(owner, booking)

    await asyncio.gather(service.resolve_stuck_payments(), service.resolve_stuck_payments())

    assert charge_at(gateway, payment).json()["refunded_minor"] == booking["total"]["amount_minor"]
    assert event_types(owner, booking).count("RefundIssued") == 1
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize(
    ("weights", "decision", "decline_code"),
    [
        ({"CT": 40}, "review", None),
        ({"CT": 40, "V": 25}, "step_up", "fraud_step_up_required"),
        ({"CT": 40, "V": 25, "S": 30}, "block", "fraud_blocked"),
    ],
)
async def test_what_the_streams_found_is_asked_before_the_card_is(
    traveller: Traveller,
    owner: Owner,
    gateway: GatewayProcess,
    weights: dict[str, int],
    decision: str,
    decline_code: str | None,
) -> None:
    booking = await traveller.book(departing(owner))
    suspect(owner, traveller, weights)

    payment = await traveller.pay(booking)

    assert payment["decline_code"] == decline_code
    assert charge_at(gateway, payment).status_code == (404 if decline_code else 200)
    kept = owner.execute(
        "select fraud_decision, fraud_score, jsonb_array_length(fraud_reasons) from app.payments "
        "where booking_id = %s",
        (key_of(booking),),
    ).fetchone()
    assert kept == (decision, sum(weights.values()), len(weights))
    assert (await traveller.read(booking))["status"] == ("held" if decline_code else "ticketed")


async def sweep() -> None:
    async with transaction() as session:
        await service.expire_dead_holds(session, datetime.now(UTC))

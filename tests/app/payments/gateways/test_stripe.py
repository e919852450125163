"""Stripe through its own library: requests against Stripe's mock, states and webhooks by hand."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.config import get_settings
from app.payments.errors import GatewayUnknown
from app.payments.gateways import gateway_named
from app.payments.gateways.base import (
    Charge,
    ChargeNotice,
    ChargeOrder,
    ChargeStatus,
    DisputeNotice,
    DisputeResult,
    NotAsked,
    RefundNotice,
    RefundResult,
    SignatureInvalid,
)
from app.payments.gateways.stripe import StripeGateway, _charge
from tests.app.payments.gateways import stripe_mock
from tests.databases import free_port

pytestmark = [pytest.mark.anyio]

ORDER = ChargeOrder("pay_0197", 12_345, "USD", "pm_card_visa", "https://travel.example/back")
SECRET = "whsec_of_the_test"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keys as an installation has them: files."""
    (tmp_path / "stripe_api_key").write_text("sk_test_123\n")
    (tmp_path / "stripe_webhook_secret").write_text(SECRET)
    monkeypatch.setenv("CONTRAIL_SECRETS_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def mock_url() -> Iterator[str]:
    program = stripe_mock.find_or_build()
    if program is None:
        pytest.skip("stripe-mock is not here, and there is no Go to build it with")
    with stripe_mock.running(program) as url:
        yield url


@pytest.fixture
def stripe(secrets: Path, mock_url: str, monkeypatch: pytest.MonkeyPatch) -> StripeGateway:
    monkeypatch.setenv("CONTRAIL_STRIPE_API_BASE", mock_url)
    get_settings.cache_clear()
    return StripeGateway()


@pytest.mark.timeout(600)
async def test_every_request_is_one_that_stripe_describes(stripe: StripeGateway) -> None:
    """The mock answers with fixtures, and refuses what Stripe's description does not know."""
    card = await stripe.look_up("pm_card_visa")
    assert card is not None
    assert card.last4 == "4242"

    authorised = await stripe.authorise(ORDER)
    charged = await stripe.charge(ORDER)
    known = ChargeOrder(ORDER.key, ORDER.amount_minor, ORDER.currency, reference=authorised.reference)
    captured = await stripe.capture(known)
    voided = await stripe.void(known)
    settled = await stripe.settle(ChargeOrder(ORDER.key, ORDER.amount_minor, ORDER.currency))
    refunded = await stripe.refund("ref_0197", known, 100)

    for charge in (authorised, charged, captured, voided, settled):
        assert charge.reference.startswith("pi_")
    assert refunded.result in RefundResult


async def test_stripe_that_does_not_listen_was_not_asked(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRAIL_STRIPE_API_BASE", f"http://127.0.0.1:{free_port()}")
    get_settings.cache_clear()

    with pytest.raises(NotAsked):
        await StripeGateway().look_up("pm_card_visa")


def test_stripe_is_there_where_its_key_is(secrets: Path) -> None:
    assert gateway_named("stripe").name == "stripe"
    (secrets / "stripe_api_key").unlink()

    with pytest.raises(GatewayUnknown):
        gateway_named("stripe")


@pytest.mark.parametrize(
    ("intent", "charge"),
    [
        ({"status": "requires_capture"}, Charge(ChargeStatus.AUTHORISED, "pi_1")),
        ({"status": "succeeded"}, Charge(ChargeStatus.CAPTURED, "pi_1")),
        ({"status": "processing"}, Charge(ChargeStatus.PENDING, "pi_1")),
        ({"status": "canceled"}, Charge(ChargeStatus.VOIDED, "pi_1")),
        ({"status": "requires_confirmation"}, Charge(ChargeStatus.VOIDED, "pi_1")),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
            },
            Charge(ChargeStatus.FAILED, "pi_1", "insufficient_funds"),
        ),
        (
            {"status": "requires_action", "next_action": {"redirect_to_url": {"url": "https://b.example/3"}}},
            Charge(ChargeStatus.REQUIRES_ACTION, "pi_1", action_url="https://b.example/3"),
        ),
    ],
)
def test_each_state_of_an_intent_is_one_of_ours(intent: dict[str, Any], charge: Charge) -> None:
    assert _charge({"id": "pi_1"} | intent) == charge


def signed(event: dict[str, Any], at: float | None = None, secret: str = SECRET) -> tuple[bytes, str]:
    body, moment = json.dumps(event), int(at or time.time())
    signature = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return body.encode(), f"t={moment},v1={signature}"


INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 500,
    "currency": "usd",
    "metadata": {"contrail_payment": "pay_0197"},
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 100,
    "currency": "usd",
    "status": "failed",
    "metadata": {"contrail_refund": "ref_0197"},
}
DISPUTE = {
    "id": "dp_1",
    "object": "dispute",
    "amount": 500,
    "currency": "usd",
    "reason": "fraudulent",
    "payment_intent": "pi_1",
}


@pytest.mark.parametrize(
    ("kind", "about", "notice"),
    [
        (
            "payment_intent.succeeded",
            INTENT,
            ChargeNotice(Charge(ChargeStatus.CAPTURED, "pi_1"), "pay_0197", 500, "USD"),
        ),
        (
            "payment_intent.payment_failed",
            INTENT | {"last_payment_error": {"code": "expired_card"}},
            ChargeNotice(Charge(ChargeStatus.FAILED, "pi_1", "expired_card"), "pay_0197", 500, "USD"),
        ),
        ("refund.failed", REFUND, ("ref_0197", RefundResult.FAILED)),
        ("charge.dispute.created", DISPUTE | {"status": "needs_response"}, DisputeResult.OPEN),
        ("charge.dispute.closed", DISPUTE | {"status": "lost"}, DisputeResult.LOST),
        ("charge.dispute.closed", DISPUTE | {"status": "won"}, DisputeResult.WON),
        ("customer.created", {"id": "cus_1", "object": "customer"}, None),
    ],
)
async def test_webhook_says_what_it_says_to_us(
    secrets: Path, kind: str, about: dict[str, Any], notice: Any
) -> None:
    event = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}
    body, signature = signed(event)

    taken = await StripeGateway().read_event({"stripe-signature": signature}, body)

    assert (taken.id, taken.type) == ("evt_1", kind)
    match taken.notice:
        case RefundNotice() as told:
            assert (told.key, told.refund.result) == notice
        case DisputeNotice() as told:
            assert (told.result, told.charge_reference) == (notice, "pi_1")
        case told:
            assert told == notice


async def test_webhook_that_stripe_did_not_sign_just_now_is_refused(secrets: Path) -> None:
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": INTENT}}
    body, signature = signed(event)
    old = signed(event, at=time.time() - 301)[1]
    forged = signed(event, secret="whsec_of_another")[1]

    for altered, header in ((body, old), (body, forged), (body + b" ", signature), (body, "")):
        with pytest.raises(SignatureInvalid):
            await StripeGateway().read_event({"stripe-signature": header}, altered)

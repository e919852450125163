"""PayPal through its own library, against a PayPal on loopback that keeps its contract."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.config import get_settings
from app.payments.gateways import paypal
from app.payments.gateways.base import (
    Charge,
    ChargeNotice,
    ChargeOrder,
    ChargeStatus,
    DisputeNotice,
    DisputeResult,
    LookAgain,
    NotAsked,
    RefundNotice,
    RefundResult,
    SignatureInvalid,
)
from app.payments.gateways.paypal import PayPalGateway, _amount, _money
from tests.app.payments.gateways import paypal_server
from tests.app.payments.gateways.paypal_server import GENUINE, Ledger
from tests.databases import free_port

pytestmark = [pytest.mark.anyio]

ORDER = ChargeOrder("pay_0197", 12_345, "USD", None, "https://travel.example/back")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def gateway(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PayPalGateway]:
    for name, value in (("client_id", "me"), ("client_secret", "mine"), ("webhook_id", "WH-1")):
        (tmp_path / f"paypal_{name}").write_text(value)
    monkeypatch.setenv("CONTRAIL_SECRETS_DIR", str(tmp_path))
    with paypal_server.running(ledger) as url:
        monkeypatch.setenv("CONTRAIL_PAYPAL_API_BASE", url)
        get_settings.cache_clear()
        paypal._client.cache_clear()
        yield PayPalGateway()
    get_settings.cache_clear()
    paypal._client.cache_clear()


async def approved(gateway: PayPalGateway, ledger: Ledger) -> ChargeOrder:
    waiting = await gateway.charge(ORDER)
    ledger.approve(waiting.reference)
    return replace(ORDER, reference=waiting.reference)


async def test_customer_is_sent_to_paypal_and_nothing_moves_until_they_approve(
    gateway: PayPalGateway, ledger: Ledger
) -> None:
    waiting = await gateway.charge(ORDER)

    assert waiting.status is ChargeStatus.REQUIRES_ACTION
    assert waiting.action_url == f"https://paypal.example/{waiting.reference}"
    assert ledger.orders[waiting.reference]["purchase_units"][0]["amount"] == {
        "currency_code": "USD",
        "value": "123.45",
    }
    assert await gateway.settle(ORDER) == waiting


async def test_approved_order_is_set_aside_then_captured_once(gateway: PayPalGateway, ledger: Ledger) -> None:
    order = await approved(gateway, ledger)

    set_aside = await gateway.settle(order)
    captured = [await gateway.capture(order) for _ in range(2)]

    assert set_aside == Charge(ChargeStatus.AUTHORISED, set_aside.reference)
    assert captured == [Charge(ChargeStatus.CAPTURED, set_aside.reference)] * 2
    assert len(ledger.parts(ledger.orders[set_aside.reference], "captures")) == 1


async def test_attempt_whose_answer_was_lost_is_found_again_by_its_key(
    gateway: PayPalGateway, ledger: Ledger
) -> None:
    waiting = await gateway.charge(ORDER)
    ledger.approve(waiting.reference)

    assert (await gateway.settle(ORDER)).status is ChargeStatus.AUTHORISED
    assert len(ledger.orders) == 1


async def test_what_was_set_aside_is_let_go_and_can_no_longer_be_captured(
    gateway: PayPalGateway, ledger: Ledger
) -> None:
    order = await approved(gateway, ledger)
    await gateway.settle(order)

    assert (await gateway.void(order)).status is ChargeStatus.VOIDED
    assert (await gateway.capture(order)).status is ChargeStatus.VOIDED


async def test_void_of_a_capture_says_that_it_is_one(gateway: PayPalGateway, ledger: Ledger) -> None:
    order = await approved(gateway, ledger)
    await gateway.settle(order)
    await gateway.capture(order)

    assert (await gateway.void(order)).status is ChargeStatus.CAPTURED


async def test_order_nobody_approved_is_void_by_not_being_set_aside(gateway: PayPalGateway) -> None:
    assert (await gateway.void(ORDER)).status is ChargeStatus.VOIDED


async def test_refused_account_is_a_declined_payment(gateway: PayPalGateway, ledger: Ledger) -> None:
    order = await approved(gateway, ledger)
    ledger.refused.add(str(order.reference))

    refused = await gateway.settle(order)

    assert (refused.status, refused.decline_code) == (ChargeStatus.FAILED, "instrument_declined")


async def test_refunds_are_made_in_parts_once_per_key_and_never_beyond_the_whole(
    gateway: PayPalGateway, ledger: Ledger
) -> None:
    order = await approved(gateway, ledger)
    await gateway.settle(order)
    await gateway.capture(order)

    first = [await gateway.refund("ref_1", order, 10_000) for _ in range(2)]
    beyond = await gateway.refund("ref_2", order, 10_000)
    rest = await gateway.refund("ref_3", order, 2_345)

    assert first[0] == first[1]
    assert [first[0].result, beyond.result, rest.result] == [
        RefundResult.DONE,
        RefundResult.FAILED,
        RefundResult.DONE,
    ]
    assert len(ledger.parts(ledger.orders[str(order.reference)], "refunds")) == 2


async def test_paypal_that_does_not_listen_was_not_asked(
    gateway: PayPalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRAIL_PAYPAL_API_BASE", f"http://127.0.0.1:{free_port()}")
    get_settings.cache_clear()

    with pytest.raises(NotAsked):
        await gateway.charge(ORDER)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "value"),
    [(12_345, "USD", "123.45"), (5, "EUR", "0.05"), (12_345, "JPY", "12345"), (1_234, "KWD", "1.234")],
)
def test_minor_units_and_paypals_decimals_are_the_same_money(
    amount_minor: int, currency: str, value: str
) -> None:
    money = _money(amount_minor, currency)

    assert money == {"currency_code": currency, "value": value}
    assert _amount(money) == (amount_minor, currency)


MONEY = {"currency_code": "USD", "value": "5.00"}
CAPTURE = {
    "custom_id": "pay_0197",
    "amount": MONEY,
    "supplementary_data": {"related_ids": {"order_id": "ORDER1"}},
}
DISPUTE = {
    "dispute_id": "PP-D-1",
    "reason": "UNAUTHORISED",
    "dispute_amount": MONEY,
    "disputed_transactions": [{"custom": "pay_0197"}],
}


def headers(at: datetime | None = None, signature: str = GENUINE) -> dict[str, str]:
    moment = (at or datetime.now(UTC)).isoformat()
    return {
        "paypal-auth-algo": "SHA256withRSA",
        "paypal-cert-url": "https://paypal.example/cert",
        "paypal-transmission-id": "t-1",
        "paypal-transmission-sig": signature,
        "paypal-transmission-time": moment,
    }


@pytest.mark.parametrize(
    ("kind", "about", "says"),
    [
        ("CHECKOUT.ORDER.APPROVED", {"purchase_units": [{"custom_id": "pay_0197"}]}, LookAgain("pay_0197")),
        (
            "PAYMENT.CAPTURE.COMPLETED",
            CAPTURE,
            ChargeNotice(Charge(ChargeStatus.CAPTURED, "ORDER1"), "pay_0197", 500, "USD"),
        ),
        ("CUSTOMER.DISPUTE.CREATED", DISPUTE, DisputeResult.OPEN),
        (
            "CUSTOMER.DISPUTE.RESOLVED",
            DISPUTE | {"dispute_outcome": {"outcome_code": "RESOLVED_SELLER_FAVOUR"}},
            DisputeResult.WON,
        ),
        (
            "CUSTOMER.DISPUTE.RESOLVED",
            DISPUTE | {"dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}},
            DisputeResult.LOST,
        ),
        (
            "PAYMENT.CAPTURE.REFUNDED",
            {"id": "R1", "status": "COMPLETED", "custom_id": "ref_1", "amount": MONEY},
            RefundResult.DONE,
        ),
        ("BILLING.PLAN.CREATED", {}, None),
    ],
)
async def test_webhook_says_what_it_says_to_us(
    gateway: PayPalGateway, kind: str, about: dict[str, Any], says: Any
) -> None:
    body = json.dumps({"id": "WH-EVT-1", "event_type": kind, "resource": about}).encode()

    event = await gateway.read_event(headers(), body)

    match event.notice:
        case DisputeNotice() as told:
            assert (told.result, told.charge_key, told.amount_minor) == (says, "pay_0197", 500)
        case RefundNotice() as told:
            assert (told.refund.result, told.key) == (says, "ref_1")
        case told:
            assert told == says


async def test_webhook_that_paypal_did_not_send_just_now_is_refused(gateway: PayPalGateway) -> None:
    body = json.dumps({"id": "WH-EVT-1", "event_type": "X", "resource": {}}).encode()
    now = datetime.now(UTC)

    for refused in (
        headers(signature="forged"),
        headers(at=now - timedelta(seconds=301)),
        headers(at=now + timedelta(seconds=400)),
        {},
    ):
        with pytest.raises(SignatureInvalid):
            await gateway.read_event(refused, body)

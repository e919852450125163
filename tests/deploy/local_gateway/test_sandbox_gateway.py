import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.deploy.local_gateway.process import GatewayProcess


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path_factory.mktemp("gateway"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, timeout=10) as client:
        yield client


def order(key: str, token: str = "tok_ok_US_card1", amount_minor: int = 1000) -> dict[str, Any]:
    return {"key": key, "amount_minor": amount_minor, "currency": "USD", "token": token}


@pytest.mark.parametrize(
    ("outcome", "status", "decline_code"),
    [
        ("ok", "captured", None),
        ("declined", "failed", "card_declined"),
        ("insufficient", "failed", "insufficient_funds"),
        ("cvv", "failed", "incorrect_cvv"),
        ("expired", "failed", "expired_card"),
    ],
)
def test_token_names_its_outcome(
    client: httpx2.Client, outcome: str, status: str, decline_code: str | None
) -> None:
    answer = client.post("/v1/charges", json=order(f"outcome-{outcome}", f"tok_{outcome}_FR_c"))

    assert answer.status_code == 201
    assert answer.json()["status"] == status
    assert answer.json()["decline_code"] == decline_code


def test_token_shows_the_card_and_not_the_outcome(client: httpx2.Client) -> None:
    good = client.get("/v1/tokens/tok_ok_DE_abc").json()
    bad = client.get("/v1/tokens/tok_declined_DE_abc").json()

    assert good["country"] == "DE"
    assert good["fingerprint"] == "abc"
    assert good | {"token": ""} == bad | {"token": ""}
    assert client.get("/v1/tokens/4111111111111111").status_code == 404


def test_one_key_charges_once_however_many_ask_at_once(client: httpx2.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/charges", json=order("twins")).json(), range(16)))

    assert len({answer["reference"] for answer in answers}) == 1


def test_key_of_another_charge_is_refused(client: httpx2.Client) -> None:
    client.post("/v1/charges", json=order("reused")).raise_for_status()

    assert client.post("/v1/charges", json=order("reused", amount_minor=1)).status_code == 409


def test_timeout_charges_and_does_not_answer(client: httpx2.Client) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/v1/charges", json=order("silent", "tok_timeout_US_c"), timeout=0.5)

    assert client.get("/v1/charges/silent").json()["status"] == "captured"
    assert client.post("/v1/charges", json=order("silent", "tok_timeout_US_c")).json()["status"] == "captured"


def test_voided_key_can_never_be_charged(client: httpx2.Client) -> None:
    assert client.get("/v1/charges/void-me").status_code == 404
    assert client.post("/v1/charges/void-me/void").json()["status"] == "voided"

    assert client.post("/v1/charges", json=order("void-me")).json()["status"] == "voided"


def test_void_leaves_a_charge_that_was_made(client: httpx2.Client) -> None:
    client.post("/v1/charges", json=order("made")).raise_for_status()

    assert client.post("/v1/charges/made/void").json()["status"] == "captured"


def test_refunds_never_exceed_the_charge_nor_repeat(client: httpx2.Client) -> None:
    client.post("/v1/charges", json=order("sold", amount_minor=1000)).raise_for_status()
    first = {"key": "r1", "charge_key": "sold", "amount_minor": 700}

    answers = [client.post("/v1/refunds", json=first) for _ in range(2)]
    too_much = client.post("/v1/refunds", json=first | {"key": "r2"})
    rest = client.post("/v1/refunds", json=first | {"key": "r3", "amount_minor": 300})

    assert answers[0].json() == answers[1].json()
    assert too_much.status_code == 422
    assert rest.status_code == 201
    assert client.get("/v1/charges/sold").json()["refunded_minor"] == 1000
    assert client.get("/v1/refunds/r2").status_code == 404


@pytest.mark.parametrize(
    "body", [order("x") | {"colour": "red"}, order("x", amount_minor=0), order("x") | {"currency": "usd"}, {}]
)
def test_malformed_order_is_refused(client: httpx2.Client, body: dict[str, Any]) -> None:
    assert client.post("/v1/charges", json=body).status_code == 422


def test_ledger_survives_a_kill(tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path)
    process.start()
    silent = threading.Thread(target=_charge_and_ignore, args=(process.url,))
    silent.start()
    try:
        _wait_for_charge(process.url)
        process.kill()
        silent.join(timeout=10)
        process.start()

        assert httpx2.get(f"{process.url}/v1/charges/killed").json()["status"] == "captured"
    finally:
        process.kill()


def _charge_and_ignore(url: str) -> None:
    with pytest.raises(httpx2.TransportError):
        httpx2.post(f"{url}/v1/charges", json=order("killed", "tok_timeout_US_c"), timeout=10)


def _wait_for_charge(url: str) -> None:
    for _ in range(1000):
        if httpx2.get(f"{url}/v1/charges/killed").status_code == 200:
            return
    raise TimeoutError("the charge was never made")

"""What the sandbox gateway does after its answer, and how it tells of it."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx2
import pytest

from tests.deploy.local_gateway.process import GatewayProcess

SECRET = "of-the-test"
TAKEN_WITHIN_SECONDS = 30


class Merchant:
    """Who is told: refuses the first delivery of each event, as one that is just starting would."""

    def __init__(self) -> None:
        self.heard: Queue[tuple[str, dict[str, str]]] = Queue()
        self.refused: set[str] = set()
        merchant = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                event_id = str(self.headers["webhook-id"])
                is_first = event_id not in merchant.refused
                merchant.refused.add(event_id)
                if not is_first:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    merchant.heard.put((body, headers))
                self.send_response(503 if is_first else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1/webhooks/sandbox"


@pytest.fixture(scope="module")
def merchant() -> Iterator[Merchant]:
    merchant = Merchant()
    merchant.thread.start()
    yield merchant
    merchant.server.shutdown()
    merchant.thread.join()
    merchant.server.server_close()


@pytest.fixture(scope="module")
def gateway(merchant: Merchant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    home = tmp_path_factory.mktemp("gateway")
    (home / "gateway_webhook_secret").write_text(SECRET)
    process = GatewayProcess(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAIL_SECRETS_DIR", str(home))
        patch.setenv("CONTRAIL_SANDBOX_WEBHOOK_URL", merchant.url)
        patch.setenv("CONTRAIL_SANDBOX_LATER_SECONDS", "0.2")
        process.start()
    yield process
    process.kill()


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, timeout=10) as client:
        yield client


def charge(client: httpx2.Client, key: str, token: str, **more: Any) -> dict[str, Any]:
    order = {"key": key, "amount_minor": 1000, "currency": "USD", "token": token} | more
    return dict(client.post("/v1/charges", json=order).json())


def hear(merchant: Merchant, count: int) -> list[dict[str, Any]]:
    heard = [merchant.heard.get(timeout=TAKEN_WITHIN_SECONDS) for _ in range(count)]
    return [json.loads(body) for body, _ in heard]


def test_late_result_comes_by_itself_and_is_told_until_it_is_taken(
    client: httpx2.Client, merchant: Merchant
) -> None:
    pending = charge(client, "late", "tok_late_US_c")
    (event,) = hear(merchant, 1)

    assert pending["status"] == "pending"
    assert (event["type"], event["data"]["key"]) == ("charge.captured", "late")
    assert client.get("/v1/charges/late").json()["status"] == "captured"
    assert event["id"] in merchant.refused


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_dispute_is_told_with_its_end(client: httpx2.Client, merchant: Merchant, outcome: str) -> None:
    key = f"dispute-{outcome}"
    assert charge(client, key, f"tok_dispute_{outcome}_US_c")["status"] == "captured"

    assert {event["type"] for event in hear(merchant, 2)} == {"dispute.opened", f"dispute.{outcome}"}
    told = client.get("/v1/events", params={"charge_key": key}).json()
    assert [json.loads(each["payload"])["type"] for each in told] == ["dispute.opened", f"dispute.{outcome}"]


def test_slow_refund_is_told_when_it_is_done(client: httpx2.Client, merchant: Merchant) -> None:
    charge(client, "slow", "tok_refund_slow_US_c")
    order = {"key": "slow-refund", "charge_key": "slow", "amount_minor": 400}

    first = client.post("/v1/refunds", json=order).json()
    (event,) = hear(merchant, 1)

    assert first["status"] == "in_transit"
    assert (event["type"], event["data"]["refund_key"]) == ("refund.done", "slow-refund")
    assert event["data"]["amount_minor"] == 400
    assert client.post("/v1/refunds", json=order).json()["status"] == "done"


def test_challenge_is_a_page_with_two_buttons(client: httpx2.Client, merchant: Merchant) -> None:
    waiting = charge(client, "page", "tok_3ds_US_c", return_url="https://travel.example/back")
    page = client.get(waiting["next_action_url"])
    pressed = client.post(f"{waiting['next_action_url']}/form", data={"approve": "true"})

    assert page.text.count("<button") == 2
    assert (pressed.status_code, pressed.headers["location"]) == (303, "https://travel.example/back")
    assert client.get("/v1/charges/page").json()["status"] == "authorised"
    assert hear(merchant, 1)[0]["type"] == "charge.authorised"


def test_what_is_set_aside_is_captured_or_let_go_and_never_both(client: httpx2.Client) -> None:
    for key in ("taken", "let-go"):
        assert charge(client, key, "tok_ok_US_c", capture=False)["status"] == "authorised"
    amount = {"amount_minor": 1000}

    assert client.post("/v1/charges/taken/capture", json=amount).json()["status"] == "captured"
    assert client.post("/v1/charges/taken/void").json()["status"] == "captured"
    assert client.post("/v1/charges/let-go/void").json()["status"] == "voided"
    assert client.post("/v1/charges/let-go/capture", json=amount).status_code == 409
    assert client.post("/v1/charges/taken/capture", json={"amount_minor": 1}).status_code == 200


@pytest.mark.parametrize(
    ("outcome", "amount_minor", "status"),
    [
        ("refund_refused", 1000, 422),
        ("partial_refund_refused", 500, 422),
        ("partial_refund_refused", 1000, 201),
    ],
)
def test_refunds_a_bank_takes_and_does_not_take(
    client: httpx2.Client, outcome: str, amount_minor: int, status: int
) -> None:
    key = f"{outcome}-{amount_minor}"
    charge(client, key, f"tok_{outcome}_US_c")

    order = {"key": f"r-{key}", "charge_key": key, "amount_minor": amount_minor}
    assert client.post("/v1/refunds", json=order).status_code == status


def test_gateway_that_is_down_charges_nothing(client: httpx2.Client) -> None:
    order = {"key": "down", "amount_minor": 1, "currency": "USD", "token": "tok_down_US_c"}

    assert client.post("/v1/charges", json=order).status_code == 503
    assert client.get("/v1/charges/down").status_code == 404


OLD_TABLES = """
create table charges (key text primary key, reference text not null unique, status text not null
    check (status in ('captured', 'failed', 'voided')), amount_minor integer, currency text, token text,
    decline_code text, made_at text not null);
create table refunds (key text primary key, reference text not null unique,
    charge_key text not null references charges (key), amount_minor integer not null,
    status text not null check (status in ('done')), made_at text not null);
insert into charges values ('old', 'ch_old', 'captured', 1000, 'USD', 'tok_ok_US_c', null, '2026-01-01');
insert into refunds values ('old-r', 're_old', 'old', 300, 'done', '2026-01-01');
"""


def test_ledger_of_an_older_gateway_is_taken_over(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "sandbox_gateway.sqlite")
    connection.executescript(OLD_TABLES)
    connection.close()
    process = GatewayProcess(tmp_path)
    process.start()
    try:
        known = httpx2.get(f"{process.url}/v1/charges/old").json()
        order = {"key": "new-r", "charge_key": "old", "amount_minor": 700}
        refunded = httpx2.post(f"{process.url}/v1/refunds", json=order)
    finally:
        process.kill()

    assert (known["status"], known["refunded_minor"]) == ("captured", 300)
    assert refunded.status_code == 201
    assert os.path.exists(tmp_path / "sandbox_gateway.sqlite")

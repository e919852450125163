"""The sandbox gateway over HTTP. A card token says what will happen: see sandbox_outcomes."""

import asyncio
import hashlib
import html
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import move_on_after, to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.payments.gateways.sandbox_outcomes import Outcome, SandboxCard, read_token
from deploy.local.sandbox_gateway import webhooks
from deploy.local.sandbox_gateway.ledger import Ledger
from deploy.local.sandbox_gateway.schemas import (
    CaptureOrder,
    ChallengeAnswer,
    ChargeOrder,
    DisputeClosing,
    Key,
    RefundOrder,
)

BRANDS = ("visa", "mastercard", "amex")
# A caller that waits longer than this for an answer that never comes has no time limit of its own.
WITHHELD_SECONDS = 60

CHALLENGE_PAGE = """<!doctype html><html lang="en"><title>Your bank (sandbox)</title>
<body><h1>Your bank (sandbox)</h1><p>Charge {key}: {amount} {currency} in minor units, {status}.</p>
<form method="post" action="/v1/challenges/{key}/form">
<button name="approve" value="true">Approve</button> <button name="approve" value="false">Refuse</button>
</form></body></html>"""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    home = Path(os.environ.get("CONTRAIL_HOME", ".contrail"))
    app.state.ledger = Ledger(home / "sandbox_gateway.sqlite")
    sending = asyncio.create_task(webhooks.keep_sending(app.state.ledger))
    yield
    await webhooks.stop(sending)


app = FastAPI(title="Contrail's sandbox payment gateway", lifespan=_lifespan)


def _ledger(request: Request) -> Ledger:
    ledger = request.app.state.ledger
    assert isinstance(ledger, Ledger)
    return ledger


@app.get("/healthz")
def healthz(request: Request) -> dict[str, str]:
    _ledger(request).find_charge("healthz")
    return {"status": "ok"}


@app.get("/v1/tokens/{token}")
def look_up_token(token: str) -> dict[str, str]:
    """What a merchant may know of a card before charging it; never what will come of the charge."""
    card = _card_or_404(token)
    digest = hashlib.sha256(card.fingerprint.encode()).digest()
    return {
        "token": token,
        "fingerprint": card.fingerprint,
        "country": card.country,
        "brand": BRANDS[digest[0] % len(BRANDS)],
        "last4": f"{int.from_bytes(digest[1:3]) % 10_000:04d}",
    }


@app.post("/v1/charges", status_code=201)
async def charge(order: ChargeOrder, request: Request) -> dict[str, Any]:
    """Charge a card. Under the outcome `timeout` the money moves and the answer never comes."""
    card = _card_or_404(order.token)
    if card.outcome is Outcome.DOWN:
        raise HTTPException(503, "out of order")
    charged, is_new = await to_thread.run_sync(_ledger(request).charge, order, card)
    if is_new and card.outcome is Outcome.TIMEOUT:
        await _until_caller_gives_up(request)
        raise HTTPException(504, "the answer was withheld")
    return _shown(charged, request)


async def _until_caller_gives_up(request: Request) -> None:
    with move_on_after(WITHHELD_SECONDS):
        while (await request.receive())["type"] != "http.disconnect":
            continue


@app.get("/v1/charges/{key}")
def find_charge(key: str, request: Request) -> dict[str, Any]:
    return _shown(_or_404(_ledger(request).find_charge(key)), request)


@app.post("/v1/charges/{key}/capture")
def capture_charge(key: Key, order: CaptureOrder, request: Request) -> dict[str, Any]:
    return _shown(_ledger(request).capture(key, order.amount_minor), request)


@app.post("/v1/charges/{key}/void")
def void_charge(key: Key, request: Request) -> dict[str, Any]:
    return _shown(_ledger(request).void(key), request)


@app.get("/v1/challenges/{key}", response_class=HTMLResponse)
def show_challenge(key: Key, request: Request) -> HTMLResponse:
    """What the customer's bank would show."""
    charged = _or_404(_ledger(request).find_charge(key))
    shown = {"key": key, "amount": charged["amount_minor"], "currency": charged["currency"]}
    filled = {
        name: html.escape(str(value)) for name, value in (shown | {"status": charged["status"]}).items()
    }
    return HTMLResponse(CHALLENGE_PAGE.format(**filled))


@app.post("/v1/challenges/{key}")
def answer_challenge(key: Key, answer: ChallengeAnswer, request: Request) -> dict[str, Any]:
    return _shown(_ledger(request).answer_challenge(key, approve=answer.approve), request)


@app.post("/v1/challenges/{key}/form", response_class=RedirectResponse, status_code=303)
async def answer_challenge_form(key: Key, request: Request) -> RedirectResponse:
    """The same from the page's buttons; the customer goes back where the merchant said."""
    approve = b"approve=true" in await request.body()
    ledger = _ledger(request)
    charged = await to_thread.run_sync(lambda: ledger.answer_challenge(key, approve=approve))
    return RedirectResponse(charged["return_url"] or f"/v1/challenges/{key}", 303)


@app.post("/v1/refunds", status_code=201)
def refund(order: RefundOrder, request: Request) -> dict[str, Any]:
    return _ledger(request).refund(order)


@app.get("/v1/refunds/{key}")
def find_refund(key: str, request: Request) -> dict[str, Any]:
    return _or_404(_ledger(request).find_refund(key))


@app.post("/v1/charges/{key}/bring-about")
def bring_about(key: Key, request: Request) -> dict[str, int]:
    """Let what waits for a charge happen now: its late result, its slow refunds, its dispute."""
    return {"happened": _ledger(request).bring_about(key)}


@app.post("/v1/charges/{key}/dispute", status_code=201)
def dispute_charge(key: Key, request: Request) -> dict[str, Any]:
    return _ledger(request).dispute(key)


@app.post("/v1/charges/{key}/dispute/close")
def close_dispute(key: Key, closing: DisputeClosing, request: Request) -> dict[str, Any]:
    return _ledger(request).close_dispute(key, closing.outcome)


@app.get("/v1/events")
def list_events(charge_key: Key, request: Request) -> list[dict[str, Any]]:
    """What the merchant is told of one charge, as it is sent."""
    return webhooks.list_events(_ledger(request), charge_key)


def _shown(charge: dict[str, Any], request: Request) -> dict[str, Any]:
    url = f"{str(request.base_url).rstrip('/')}/v1/challenges/{charge['key']}"
    return charge | {"next_action_url": url if charge["status"] == "requires_action" else None}


def _card_or_404(token: str) -> SandboxCard:
    card = read_token(token)
    if card is None:
        raise HTTPException(404, "no such card token")
    return card


def _or_404(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        raise HTTPException(404, "nothing is known under this key")
    return found

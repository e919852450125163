"""A PayPal on loopback: Orders v2, Payments v2 and the check of webhooks, as PayPal documents them.

It refuses what PayPal refuses: no token, no request id, a state that does not allow it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request

from tests.databases import free_port

TOKEN = "A21-of-the-test"
GENUINE = "a signature that PayPal made"
START_LIMIT_SECONDS = 30


@dataclass
class Ledger:
    """What this PayPal knows; the test looks into it, and approves orders in the customer's place."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_request: dict[str, Any] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def approve(self, order_id: str) -> None:
        self.orders[order_id]["status"] = "APPROVED"

    def parts(self, order: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = order["purchase_units"][0]["payments"].setdefault(kind, [])
        return found

    def part(self, kind: str, part_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        for order in self.orders.values():
            for part in self.parts(order, kind):
                if part["id"] == part_id:
                    return order, part
        raise HTTPException(404, {"name": "RESOURCE_NOT_FOUND"})


def make_app(ledger: Ledger) -> FastAPI:
    app = FastAPI()

    def bearer(authorization: str | None) -> None:
        if authorization != f"Bearer {TOKEN}":
            raise HTTPException(401, {"error": "invalid_token"})

    def refuse(issue: str) -> HTTPException:
        return HTTPException(422, {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue}]})

    @app.post("/v1/oauth2/token")
    async def token(request: Request) -> dict[str, Any]:
        return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 32_400, "scope": ""}

    @app.post("/v2/checkout/orders", status_code=201)
    async def create_order(
        request: Request, authorization: str = Header(), paypal_request_id: str = Header()
    ) -> Any:
        bearer(authorization)
        if paypal_request_id in ledger.by_request:
            return ledger.by_request[paypal_request_id]
        body = await request.json()
        (unit,) = body["purchase_units"]
        order_id = f"ORDER{next(ledger.ids)}"
        order = {
            "id": order_id,
            "intent": body["intent"],
            "status": "PAYER_ACTION_REQUIRED",
            "purchase_units": [unit | {"payments": {}}],
            "links": [{"rel": "payer-action", "href": f"https://paypal.example/{order_id}", "method": "GET"}],
        }
        ledger.orders[order_id] = ledger.by_request[paypal_request_id] = order
        return order

    @app.get("/v2/checkout/orders/{order_id}")
    async def get_order(order_id: str, authorization: str = Header()) -> Any:
        bearer(authorization)
        if order_id not in ledger.orders:
            raise HTTPException(404, {"name": "RESOURCE_NOT_FOUND"})
        return ledger.orders[order_id]

    @app.post("/v2/checkout/orders/{order_id}/authorize", status_code=201)
    async def authorise(order_id: str, authorization: str = Header()) -> Any:
        bearer(authorization)
        order = ledger.orders[order_id]
        if order["status"] != "APPROVED":
            raise refuse("ORDER_NOT_APPROVED")
        if order_id in ledger.refused:
            raise refuse("INSTRUMENT_DECLINED")
        amount = order["purchase_units"][0]["amount"]
        part = {"id": f"AUTH{next(ledger.ids)}", "status": "CREATED", "amount": amount}
        ledger.parts(order, "authorizations").append(part)
        order["status"] = "COMPLETED"
        return order

    @app.post("/v2/payments/authorizations/{part_id}/capture", status_code=201)
    async def capture(part_id: str, authorization: str = Header(), paypal_request_id: str = Header()) -> Any:
        bearer(authorization)
        if paypal_request_id in ledger.by_request:
            return ledger.by_request[paypal_request_id]
        order, part = ledger.part("authorizations", part_id)
        if part["status"] != "CREATED":
            raise refuse("AUTHORIZATION_ALREADY_CAPTURED")
        part["status"] = "CAPTURED"
        taken = {"id": f"CAPTURE{next(ledger.ids)}", "status": "COMPLETED", "amount": part["amount"]}
        ledger.parts(order, "captures").append(taken)
        ledger.by_request[paypal_request_id] = taken
        return taken

    @app.post("/v2/payments/authorizations/{part_id}/void")
    async def void(part_id: str, authorization: str = Header()) -> Any:
        bearer(authorization)
        _, part = ledger.part("authorizations", part_id)
        if part["status"] == "CAPTURED":
            raise refuse("PREVIOUSLY_CAPTURED")
        part["status"] = "VOIDED"
        return part

    @app.post("/v2/payments/captures/{part_id}/refund", status_code=201)
    async def refund(
        part_id: str, request: Request, authorization: str = Header(), paypal_request_id: str = Header()
    ) -> Any:
        bearer(authorization)
        if paypal_request_id in ledger.by_request:
            return ledger.by_request[paypal_request_id]
        order, part = ledger.part("captures", part_id)
        wanted = await request.json()
        given = sum(float(each["amount"]["value"]) for each in ledger.parts(order, "refunds"))
        if given + float(wanted["amount"]["value"]) > float(part["amount"]["value"]):
            raise refuse("REFUND_AMOUNT_EXCEEDED")
        done = wanted | {"id": f"REFUND{next(ledger.ids)}", "status": "COMPLETED"}
        ledger.parts(order, "refunds").append(done)
        ledger.by_request[paypal_request_id] = done
        return done

    @app.post("/v1/notifications/verify-webhook-signature")
    async def verify(request: Request, authorization: str = Header()) -> dict[str, str]:
        bearer(authorization)
        asked = json.loads(await request.body())
        genuine = asked["transmission_sig"] == GENUINE and asked["webhook_id"] == "WH-1"
        return {"verification_status": "SUCCESS" if genuine else "FAILURE"}

    return app


@contextmanager
def running(ledger: Ledger) -> Iterator[str]:
    """Its address, while it runs on loopback."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(make_app(ledger), host="127.0.0.1", port=port, log_level="error", access_log=False)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()

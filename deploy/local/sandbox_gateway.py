"""The sandbox payment provider: a process and ledger of its own, so that it can charge and not answer.

A card token says what will happen: tok_<outcome>_<COUNTRY>_<fingerprint>, outcomes in `Outcome`.
Every charge and refund carries the caller's key; the same key never moves money twice.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

from anyio import move_on_after, to_thread
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

TOKEN = re.compile(r"^tok_(ok|declined|insufficient|cvv|expired|timeout)_([A-Z]{2})_([A-Za-z0-9]{1,64})$")
BRANDS = ("visa", "mastercard", "amex")
# A caller that waits longer than this for an answer that never comes has no time limit of its own.
WITHHELD_SECONDS = 60
LOCK_WAIT_SECONDS = 5


class Outcome(StrEnum):
    OK = "ok"
    DECLINED = "declined"
    INSUFFICIENT = "insufficient"
    CVV = "cvv"
    EXPIRED = "expired"
    TIMEOUT = "timeout"


DECLINE_CODES = {
    Outcome.DECLINED: "card_declined",
    Outcome.INSUFFICIENT: "insufficient_funds",
    Outcome.CVV: "incorrect_cvv",
    Outcome.EXPIRED: "expired_card",
}

CHARGES = """
create table if not exists charges (
    key text primary key,
    reference text not null unique,
    status text not null check (status in ('captured', 'failed', 'voided')),
    amount_minor integer check (amount_minor > 0),
    currency text,
    token text,
    decline_code text,
    made_at text not null
)
"""
REFUNDS = """
create table if not exists refunds (
    key text primary key,
    reference text not null unique,
    charge_key text not null references charges (key),
    amount_minor integer not null check (amount_minor > 0),
    status text not null check (status in ('done')),
    made_at text not null
)
"""
FIND_CHARGE = """
select
    key, reference, status, amount_minor, currency, token, decline_code, made_at,
    (select coalesce(sum(amount_minor), 0) from refunds where charge_key = charges.key) as refunded_minor
from charges where key = ?
"""
FIND_REFUND = "select key, reference, charge_key, amount_minor, status, made_at from refunds where key = ?"

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,100}$")]
Amount = Annotated[int, Field(gt=0, le=10**12)]


class Card(NamedTuple):
    outcome: Outcome
    country: str
    fingerprint: str


class ChargeOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Key
    amount_minor: Amount
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    token: Annotated[str, Field(max_length=100)]


class RefundOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Key
    charge_key: Key
    amount_minor: Amount


def read_token(token: str) -> Card:
    """What a card token stands for. Raises 404 when no such card exists."""
    match = TOKEN.match(token)
    if match is None:
        raise HTTPException(404, "no such card token")
    return Card(Outcome(match[1]), match[2], match[3])


class Ledger:
    """Charges and refunds in one SQLite file; each change is on disk before it is answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as connection:
            connection.execute(CHARGES)
            connection.execute(REFUNDS)

    def charge(self, order: ChargeOrder, card: Card) -> tuple[dict[str, Any], bool]:
        """Charge once per key. Gives the charge, and whether it was made just now."""
        decline_code = DECLINE_CODES.get(card.outcome)
        status = "failed" if decline_code else "captured"
        with self._transaction() as connection:
            known = _find(connection, FIND_CHARGE, order.key)
            if known is not None:
                asked = (order.amount_minor, order.currency, order.token)
                if known["status"] != "voided" and asked != (
                    known["amount_minor"],
                    known["currency"],
                    known["token"],
                ):
                    raise HTTPException(409, "this key was used for another charge")
                return known, False
            connection.execute(
                "insert into charges values (?, ?, ?, ?, ?, ?, ?, ?)",
                (order.key, _reference("ch"), status, *_terms(order), decline_code, _now()),
            )
            return _get(connection, FIND_CHARGE, order.key), True

    def void(self, key: str) -> dict[str, Any]:
        """Make sure that a key which has not been charged never will be; gives what stands under it."""
        with self._transaction() as connection:
            connection.execute(
                "insert into charges (key, reference, status, made_at) values (?, ?, 'voided', ?) "
                "on conflict (key) do nothing",
                (key, _reference("ch"), _now()),
            )
            return _get(connection, FIND_CHARGE, key)

    def refund(self, order: RefundOrder) -> dict[str, Any]:
        """Refund once per key, never more than was captured."""
        with self._transaction() as connection:
            known = _find(connection, FIND_REFUND, order.key)
            if known is not None:
                if (known["charge_key"], known["amount_minor"]) != (order.charge_key, order.amount_minor):
                    raise HTTPException(409, "this key was used for another refund")
                return known
            charge = _find(connection, FIND_CHARGE, order.charge_key)
            if charge is None or charge["status"] != "captured":
                raise HTTPException(422, "there is no captured charge under this key")
            if charge["refunded_minor"] + order.amount_minor > charge["amount_minor"]:
                raise HTTPException(422, "more than was captured cannot be refunded")
            connection.execute(
                "insert into refunds values (?, ?, ?, ?, 'done', ?)",
                (order.key, _reference("re"), order.charge_key, order.amount_minor, _now()),
            )
            return _get(connection, FIND_REFUND, order.key)

    def find_charge(self, key: str) -> dict[str, Any] | None:
        with self._transaction() as connection:
            return _find(connection, FIND_CHARGE, key)

    def find_refund(self, key: str) -> dict[str, Any] | None:
        with self._transaction() as connection:
            return _find(connection, FIND_REFUND, key)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits at the end of the block; closing without a commit rolls back."""
        connection = sqlite3.connect(self.path, timeout=LOCK_WAIT_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("pragma synchronous = full")
            connection.execute("pragma foreign_keys = on")
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
        finally:
            connection.close()


def _find(connection: sqlite3.Connection, statement: str, key: str) -> dict[str, Any] | None:
    row = connection.execute(statement, (key,)).fetchone()
    return None if row is None else dict(row)


def _get(connection: sqlite3.Connection, statement: str, key: str) -> dict[str, Any]:
    return dict(connection.execute(statement, (key,)).fetchone())


def _terms(order: ChargeOrder) -> tuple[int, str, str]:
    return order.amount_minor, order.currency, order.token


def _reference(kind: str) -> str:
    return f"{kind}_{uuid4().hex}"


def _now() -> str:
    return datetime.now(UTC).isoformat()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    home = Path(os.environ.get("CONTRAIL_HOME", ".contrail"))
    app.state.ledger = Ledger(home / "sandbox_gateway.sqlite")
    yield


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
    card = read_token(token)
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
    card = read_token(order.token)
    charged, is_new = await to_thread.run_sync(_ledger(request).charge, order, card)
    if is_new and card.outcome is Outcome.TIMEOUT:
        await _until_caller_gives_up(request)
        raise HTTPException(504, "the answer was withheld")
    return charged


async def _until_caller_gives_up(request: Request) -> None:
    with move_on_after(WITHHELD_SECONDS):
        while (await request.receive())["type"] != "http.disconnect":
            continue


@app.get("/v1/charges/{key}")
def find_charge(key: str, request: Request) -> dict[str, Any]:
    return _or_404(_ledger(request).find_charge(key))


@app.post("/v1/charges/{key}/void")
def void_charge(key: Key, request: Request) -> dict[str, Any]:
    return _ledger(request).void(key)


@app.post("/v1/refunds", status_code=201)
def refund(order: RefundOrder, request: Request) -> dict[str, Any]:
    return _ledger(request).refund(order)


@app.get("/v1/refunds/{key}")
def find_refund(key: str, request: Request) -> dict[str, Any]:
    return _or_404(_ledger(request).find_refund(key))


def _or_404(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        raise HTTPException(404, "nothing is known under this key")
    return found

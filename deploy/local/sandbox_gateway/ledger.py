"""Charges, refunds and disputes in one SQLite file; each change is on disk before it is answered.

Every charge and refund carries the caller's key; the same key never moves money twice."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import HTTPException

from app.payments.gateways.sandbox_outcomes import DECLINE_CODES, Outcome, SandboxCard, read_token
from deploy.local.sandbox_gateway import statements
from deploy.local.sandbox_gateway.schemas import ChargeOrder, RefundOrder

LOCK_WAIT_SECONDS = 5
# Until a late result, a slow refund or a dispute comes by itself; a caller may also bring it about at once.
LATER_SECONDS = float(os.environ.get("CONTRAIL_SANDBOX_LATER_SECONDS", "20"))
LATE = (Outcome.LATE, Outcome.LATE_FAIL)
CHALLENGED = (Outcome.THREE_DS, Outcome.THREE_DS_FAIL)
DISPUTED_AS = {Outcome.DISPUTE: None, Outcome.DISPUTE_WON: "won", Outcome.DISPUTE_LOST: "lost"}

Row = dict[str, Any]


class Ledger:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=LOCK_WAIT_SECONDS)
        try:
            (is_old,) = connection.execute(statements.IS_OLD).fetchone()
            connection.executescript(statements.SET_OLD_ASIDE if is_old else "")
            connection.executescript(statements.TABLES)
            connection.executescript(statements.TAKE_OVER_OLD if is_old else "")
        finally:
            connection.close()

    def charge(self, order: ChargeOrder, card: SandboxCard) -> tuple[Row, bool]:
        """Charge once per key. Gives the charge, and whether it was made just now."""
        with self.transaction() as connection:
            known = _find(connection, statements.FIND_CHARGE, order.key)
            if known is not None:
                asked = (order.amount_minor, order.currency, order.token)
                if known["status"] != "voided" and asked != (
                    known["amount_minor"],
                    known["currency"],
                    known["token"],
                ):
                    raise HTTPException(409, "this key was used for another charge")
                return known, False
            status = _first_status(card, order.capture)
            is_late = status == "pending"
            connection.execute(
                statements.INSERT_CHARGE,
                (
                    *(order.key, _reference("ch"), status, order.amount_minor, order.currency, order.token),
                    *(DECLINE_CODES.get(card.outcome) if status == "failed" else None, _now()),
                    *(order.capture, order.return_url, time.time() + LATER_SECONDS if is_late else None),
                ),
            )
            if status == "captured":
                _foresee_dispute(connection, order.key, card)
            return _get(connection, statements.FIND_CHARGE, order.key), True

    def capture(self, key: str, amount_minor: int) -> Row:
        """Take what was set aside, whole; what is captured already stays so."""
        with self.transaction() as connection:
            charge = _charge_or_404(connection, key)
            if charge["status"] == "authorised":
                if amount_minor != charge["amount_minor"]:
                    raise HTTPException(422, "what was set aside is captured whole")
                _set_status(connection, key, "captured")
                _foresee_dispute(connection, key, _card(charge))
            elif charge["status"] != "captured":
                raise HTTPException(409, f"a charge that is {charge['status']} cannot be captured")
            return _get(connection, statements.FIND_CHARGE, key)

    def void(self, key: str) -> Row:
        """Make sure that a key which has not been captured never will be; gives what stands under it."""
        with self.transaction() as connection:
            connection.execute(
                "insert into charges (key, reference, status, made_at) values (?, ?, 'voided', ?) "
                "on conflict (key) do update set status = 'voided', finish_at = null "
                "where status in ('requires_action', 'authorised', 'pending')",
                (key, _reference("ch"), _now()),
            )
            return _get(connection, statements.FIND_CHARGE, key)

    def answer_challenge(self, key: str, *, approve: bool) -> Row:
        """What the customer's bank says of them. Told by a webhook; the same answer twice is one."""
        with self.transaction() as connection:
            charge = _charge_or_404(connection, key)
            if charge["status"] != "requires_action":
                return charge
            passes = approve and _card(charge).outcome is Outcome.THREE_DS
            _finish(connection, charge, "authorised" if passes else "failed", "authentication_failed")
            return _get(connection, statements.FIND_CHARGE, key)

    def refund(self, order: RefundOrder) -> Row:
        """Refund once per key, never more than was captured."""
        with self.transaction() as connection:
            known = _find(connection, statements.FIND_REFUND, order.key)
            if known is not None:
                if (known["charge_key"], known["amount_minor"]) != (order.charge_key, order.amount_minor):
                    raise HTTPException(409, "this key was used for another refund")
                return known
            charge = _find(connection, statements.FIND_CHARGE, order.charge_key)
            if charge is None or charge["status"] != "captured":
                raise HTTPException(422, "there is no captured charge under this key")
            if charge["refunded_minor"] + order.amount_minor > charge["amount_minor"]:
                raise HTTPException(422, "more than was captured cannot be refunded")
            outcome = _card(charge).outcome
            is_part = order.amount_minor < charge["amount_minor"]
            if outcome is Outcome.REFUND_REFUSED or (outcome is Outcome.PARTIAL_REFUND_REFUSED and is_part):
                raise HTTPException(422, "the card's bank takes no such refund")
            is_slow = outcome is Outcome.REFUND_SLOW
            finish_at = time.time() + LATER_SECONDS if is_slow else None
            made = (order.key, _reference("re"), order.charge_key, order.amount_minor)
            status = "in_transit" if is_slow else "done"
            connection.execute(statements.INSERT_REFUND, (*made, status, _now(), finish_at))
            return _get(connection, statements.FIND_REFUND, order.key)

    def bring_about(self, key: str | None = None) -> int:
        """Let happen what is due, or everything that waits for one charge; how much it was."""
        moment, done = time.time(), 0
        with self.transaction() as connection:
            for charge in _due(connection, "charges", "finish_at", key, moment):
                late = _get(connection, statements.FIND_CHARGE, charge["key"])
                passes = _card(late).outcome is Outcome.LATE
                whole = "captured" if late["capture"] else "authorised"
                _finish(connection, late, whole if passes else "failed", "card_declined")
                done += 1
            for refund in _due(connection, "refunds", "finish_at", key, moment):
                connection.execute(
                    "update refunds set status = 'done', finish_at = null where key = ?", (refund["key"],)
                )
                charge = _get(connection, statements.FIND_CHARGE, refund["charge_key"])
                _tell(connection, "refund.done", charge, refund_key=refund["key"],
                      amount_minor=refund["amount_minor"], reference=refund["reference"])  # fmt: skip
                done += 1
            for dispute in _due(connection, "disputes", "open_at", key, moment):
                _open_dispute(connection, dispute)
                done += 1
        return done

    def dispute(self, key: str) -> Row:
        """Let a captured charge be disputed now."""
        with self.transaction() as connection:
            if _charge_or_404(connection, key)["status"] != "captured":
                raise HTTPException(409, "only a captured charge can be disputed")
            if _find(connection, statements.FIND_DISPUTE, key) is None:
                _insert_dispute(connection, key, time.time(), None)
        self.bring_about(key)
        return self.get_dispute(key)

    def close_dispute(self, key: str, outcome: str) -> Row:
        with self.transaction() as connection:
            dispute = _find(connection, statements.FIND_DISPUTE, key)
            if dispute is None:
                raise HTTPException(404, "this charge is not disputed")
            _close_dispute(connection, dispute, outcome)
        return self.get_dispute(key)

    def get_dispute(self, key: str) -> Row:
        with self.transaction() as connection:
            dispute = _find(connection, statements.FIND_DISPUTE, key)
        if dispute is None:
            raise HTTPException(404, "this charge is not disputed")
        return dispute

    def find_charge(self, key: str) -> Row | None:
        with self.transaction() as connection:
            return _find(connection, statements.FIND_CHARGE, key)

    def find_refund(self, key: str) -> Row | None:
        with self.transaction() as connection:
            return _find(connection, statements.FIND_REFUND, key)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
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


def _first_status(card: SandboxCard, capture: bool) -> str:
    if card.outcome in LATE:
        return "pending"
    if card.outcome in CHALLENGED:
        return "requires_action"
    if card.outcome in DECLINE_CODES:
        return "failed"
    return "captured" if capture else "authorised"


def _finish(connection: sqlite3.Connection, charge: Row, status: str, decline_code: str) -> None:
    """Give a charge its result after its caller has been answered, and tell of it."""
    _set_status(connection, charge["key"], status)
    told: dict[str, Any] = {}
    if status == "failed":
        connection.execute("update charges set decline_code = ? where key = ?", (decline_code, charge["key"]))
        told["decline_code"] = decline_code
    if status == "captured":
        _foresee_dispute(connection, charge["key"], _card(charge))
    _tell(connection, f"charge.{status}", charge, **told)


def _set_status(connection: sqlite3.Connection, key: str, status: str) -> None:
    connection.execute("update charges set status = ?, finish_at = null where key = ?", (status, key))


def _foresee_dispute(connection: sqlite3.Connection, key: str, card: SandboxCard) -> None:
    if card.outcome in DISPUTED_AS:
        _insert_dispute(connection, key, time.time() + LATER_SECONDS, DISPUTED_AS[card.outcome])


def _insert_dispute(connection: sqlite3.Connection, key: str, open_at: float, close_as: str | None) -> None:
    connection.execute(
        "insert into disputes (reference, charge_key, status, open_at, close_as) values (?, ?, 'open', ?, ?)",
        (_reference("dp"), key, open_at, close_as),
    )


def _open_dispute(connection: sqlite3.Connection, dispute: Row) -> None:
    """Tell of a dispute, and of its end when that is foreseen."""
    connection.execute("update disputes set open_at = null where reference = ?", (dispute["reference"],))
    charge = _get(connection, statements.FIND_CHARGE, dispute["charge_key"])
    _tell(connection, "dispute.opened", charge, reference=dispute["reference"], reason="fraudulent")
    if dispute["close_as"] is not None:
        _close_dispute(connection, dispute, dispute["close_as"])


def _close_dispute(connection: sqlite3.Connection, dispute: Row, outcome: str) -> None:
    changed = connection.execute(
        "update disputes set status = ?, close_at = ? where reference = ? and status = 'open'",
        (outcome, time.time(), dispute["reference"]),
    )
    if changed.rowcount:
        charge = _get(connection, statements.FIND_CHARGE, dispute["charge_key"])
        _tell(connection, f"dispute.{outcome}", charge, reference=dispute["reference"], reason="fraudulent")


def _tell(connection: sqlite3.Connection, kind: str, charge: Row, **data: Any) -> None:
    """Write down an event to be sent; what happens in answer to a caller is told by the answer alone."""
    event_id, moment = f"evt_{uuid4().hex}", time.time()
    known = {name: charge[name] for name in ("key", "reference", "amount_minor", "currency")}
    payload = {"id": event_id, "type": kind, "occurred_at": _now(), "data": known | data}
    connection.execute(
        statements.INSERT_EVENT, (event_id, charge["key"], json.dumps(payload), moment, moment)
    )


def _due(
    connection: sqlite3.Connection, table: str, column: str, key: str | None, moment: float
) -> list[Row]:
    own = "key" if table == "charges" else "charge_key"
    where = f"{column} is not null and " + (f"{own} = ?" if key is not None else f"{column} <= ?")
    rows = connection.execute(f"select * from {table} where {where}", (moment if key is None else key,))
    return [dict(row) for row in rows.fetchall()]


def _card(charge: Row) -> SandboxCard:
    card = read_token(charge["token"] or "")
    assert card is not None, "a charge with a result was made with a token"
    return card


def _charge_or_404(connection: sqlite3.Connection, key: str) -> Row:
    charge = _find(connection, statements.FIND_CHARGE, key)
    if charge is None:
        raise HTTPException(404, "nothing is known under this key")
    return charge


def _find(connection: sqlite3.Connection, statement: str, key: str) -> Row | None:
    row = connection.execute(statement, (key,)).fetchone()
    return None if row is None else dict(row)


def _get(connection: sqlite3.Connection, statement: str, key: str) -> Row:
    return dict(connection.execute(statement, (key,)).fetchone())


def _reference(kind: str) -> str:
    return f"{kind}_{uuid4().hex}"


def _now() -> str:
    return datetime.now(UTC).isoformat()

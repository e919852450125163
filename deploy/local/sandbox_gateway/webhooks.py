"""Telling the merchant what happened: signed as Standard Webhooks, in any order, until it is taken."""

import asyncio
import base64
import contextlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from anyio import to_thread
from standardwebhooks.webhooks import Webhook

from deploy.local.sandbox_gateway.ledger import Ledger

POLL_SECONDS = 0.5
ANSWER_LIMIT_SECONDS = 10
AT_A_TIME = 20
# 1, 2, 4 ... seconds up to this, for three days.
LONGEST_WAIT_SECONDS = 300
GIVE_UP_SECONDS = 72 * 3600

_TAKE_DUE = """
select id, payload, made_at, attempts from events
where next_at is not null and next_at <= ? order by next_at limit ?
"""


def signer() -> Webhook | None:
    """Who signs: with the secret shared with the merchant; None where there is none."""
    folder = os.environ.get("CONTRAIL_SECRETS_DIR")
    path = Path(folder or ".") / "gateway_webhook_secret"
    if folder is None or not path.exists():
        return None
    return Webhook(base64.b64encode(path.read_text().strip().encode()).decode())


def signed_headers(webhook: Webhook, event_id: str, payload: str) -> dict[str, str]:
    moment = datetime.now(UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign(event_id, moment.replace(microsecond=0), payload),
        "content-type": "application/json",
    }


def list_events(ledger: Ledger, charge_key: str) -> list[dict[str, Any]]:
    """What there is to tell of one charge, each with the headers it would be sent with now."""
    webhook = signer()
    with ledger.transaction() as connection:
        rows = connection.execute(
            "select id, payload, attempts, delivered_at from events where charge_key = ? "
            "order by made_at, rowid",
            (charge_key,),
        ).fetchall()
    return [
        dict(row) | {"headers": signed_headers(webhook, row["id"], row["payload"]) if webhook else {}}
        for row in rows
    ]


async def keep_sending(ledger: Ledger) -> None:
    """Let time pass for what waits, and send what is due where the merchant has said to."""
    url, webhook = os.environ.get("CONTRAIL_SANDBOX_WEBHOOK_URL"), signer()
    async with httpx2.AsyncClient(timeout=ANSWER_LIMIT_SECONDS) as client:
        while True:
            await to_thread.run_sync(ledger.bring_about)
            if url and webhook is not None:
                for event in await to_thread.run_sync(_due_events, ledger):
                    taken = await _send(client, url, webhook, event)
                    await to_thread.run_sync(_note, ledger, event, taken)
            await asyncio.sleep(POLL_SECONDS)


async def stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _send(client: httpx2.AsyncClient, url: str, webhook: Webhook, event: dict[str, Any]) -> bool:
    headers = signed_headers(webhook, event["id"], event["payload"])
    try:
        answer = await client.post(url, content=event["payload"], headers=headers)
    except httpx2.TransportError:
        return False
    return answer.is_success


def _due_events(ledger: Ledger) -> list[dict[str, Any]]:
    with ledger.transaction() as connection:
        return [dict(row) for row in connection.execute(_TAKE_DUE, (time.time(), AT_A_TIME)).fetchall()]


def _note(ledger: Ledger, event: dict[str, Any], taken: bool) -> None:
    moment, attempts = time.time(), event["attempts"] + 1
    wait = min(LONGEST_WAIT_SECONDS, 2.0 ** min(attempts - 1, 10))
    gives_up = taken or moment - event["made_at"] > GIVE_UP_SECONDS
    with ledger.transaction() as connection:
        connection.execute(
            "update events set attempts = ?, next_at = ?, delivered_at = ? where id = ?",
            (attempts, None if gives_up else moment + wait, moment if taken else None, event["id"]),
        )

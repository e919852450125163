"""Write down who did what. In the transaction of what was done, or noted beside it when that is refused."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import rules, store
from app.audit.rules import UNKNOWN as UNKNOWN
from app.audit.rules import Actor
from app.audit.rules import Unknown as Unknown
from app.audit.schemas import Kind
from app.core.context import current
from app.core.db import transaction
from app.core.hashes import keyed_hash
from app.core.ids import uuid7

# Some seconds of a flood. What comes beyond is counted and not kept: the log must not become the outage.
MAX_NOTES = 10_000
NOTES_A_TRANSACTION = 500
# Notes gather this long, so that a flood of refusals is few transactions.
GATHER_SECONDS = 0.05
RETRY_SECONDS = 2.0

NOTED = Counter("contrail_audit_notes", "Security events noted beside their request")
LOST = Counter("contrail_audit_notes_lost", "Security events for which there was no room, or no time")

log = structlog.get_logger(__name__)

_notes: deque[dict[str, Any]] = deque()
_writing = 0
_wake: asyncio.Event | None = None


async def record(
    session: AsyncSession,
    action: str,
    entity_type: str,
    entity_id: UUID | str | None,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    kind: Kind = Kind.CHANGE,
) -> UUID:
    """Append one entry in this transaction: it is there exactly if what it tells of is.

    `action` is "<area>.<past tense>", such as "user.roles_changed". Raises ValueError for a field
    that names a person or opens a door; `actor` is only ever known by an id."""
    entry = _entry(kind, action, entity_type, entity_id, actor, before, after, reason)
    await store.insert_entries(session, [entry])
    return UUID(str(entry["id"]))


def note(
    action: str,
    entity_type: str,
    entity_id: UUID | str | None,
    *,
    actor: Actor,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Keep a security event although its request is refused and its transaction rolled back.

    Waits for nothing: a task of this process writes it within moments, in a transaction of its own."""
    entry = _entry(Kind.SECURITY, action, entity_type, entity_id, actor, None, after, reason)
    entry["occurred_at"] = entry["occurred_at"] or datetime.now(UTC)
    if len(_notes) >= MAX_NOTES:
        LOST.inc()
        return
    NOTED.inc()
    _notes.append(entry)
    if _wake is not None:
        _wake.set()


def pending() -> int:
    """How many notes of this process are not in the log yet."""
    return len(_notes) + _writing


async def write_notes() -> int:
    """Write what was noted in this process, all of it. Returns how many."""
    global _writing
    written = 0
    while _notes:
        lot = [_notes.popleft() for _ in range(min(len(_notes), NOTES_A_TRANSACTION))]
        _writing += len(lot)
        try:
            async with transaction() as session:
                await store.insert_entries(session, lot)
        except BaseException:
            _notes.extendleft(reversed(lot))
            raise
        finally:
            _writing -= len(lot)
        written += len(lot)
    return written


@contextlib.asynccontextmanager
async def note_taking() -> AsyncIterator[None]:
    """While this is open a task writes what is noted; at the end the rest is written."""
    global _wake
    _wake = asyncio.Event()
    writer = asyncio.create_task(_write_for_ever(_wake), name="audit_notes")
    try:
        yield
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        _wake = None
        try:
            await write_notes()
        except Exception:
            LOST.inc(len(_notes))
            log.exception("audit_notes_lost", notes=len(_notes))


async def _write_for_ever(wake: asyncio.Event) -> None:
    while True:
        await wake.wait()
        wake.clear()
        await asyncio.sleep(GATHER_SECONDS)
        try:
            await write_notes()
        except Exception:
            # The notes are still there; the database may be back next time.
            log.warning("audit_notes_wait", notes=len(_notes), exc_info=True)
            await asyncio.sleep(RETRY_SECONDS)
            wake.set()


def _entry(
    kind: Kind,
    action: str,
    entity_type: str,
    entity_id: UUID | str | None,
    actor: Actor,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    reason: str | None,
) -> dict[str, Any]:
    rules.refuse_personal(before)
    rules.refuse_personal(after)
    who, context = rules.facts_of(actor), current()
    return {
        "id": uuid7(),
        "kind": kind,
        "action": action,
        "entity_type": entity_type,
        "entity_id": str(entity_id) if entity_id is not None else None,
        "actor_kind": who.kind,
        "actor_id": who.id,
        "actor_name": who.name,
        "actor_roles": list(who.roles),
        "before": to_jsonable_python(before),
        "after": to_jsonable_python(after),
        "reason": reason,
        "request_id": context.request_id,
        # The same key the streams know, so that an attack is one and the same in both.
        "ip_hash": keyed_hash("ip", context.ip) if context.ip else None,
        "occurred_at": context.virtual_now,
        "simulated": context.is_simulated,
    }

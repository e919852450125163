"""Noting what is asked with API keys, off the path of the requests, and reading it.

A request is answered first and noted afterwards, many in one statement. The log may lose what a killed
process had not written: it is a help for a partner and no evidence, which the audit log is."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import transaction
from app.core.ids import uuid7
from app.core.observability import Answered
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.identity.keys import service as keys
from app.identity.keys.requests import store
from app.identity.keys.requests.schemas import ApiRequest

KEPT = timedelta(days=30)
# About a minute of the busiest partner; past it requests are served and not noted.
MAX_WAITING = 10_000
BATCH = 500
GATHER_SECONDS = 1.0
RETRY_SECONDS = 5.0

LOST = Counter("contrail_api_requests_not_noted", "Requests with an API key that the log has lost")

log = structlog.get_logger(__name__)

_waiting: deque[dict[str, Any]] = deque()


def note(answered: Answered) -> None:
    """Keep one request for the log; never waits and never fails."""
    if len(_waiting) >= MAX_WAITING:
        LOST.inc()
        return
    _waiting.append(
        {
            "id": uuid7(),
            "api_key_id": answered.api_key_id,
            "method": answered.method,
            "route": answered.route,
            "status": answered.status,
            "duration_ms": round(answered.seconds * 1000),
            "request_id": answered.request_id,
            "asked_at": datetime.now(UTC),
        }
    )


async def write_noted() -> int:
    """Write all that waits, BATCH at a time; how many. What could not be written still waits."""
    written = 0
    while _waiting:
        batch = [_waiting[place] for place in range(min(BATCH, len(_waiting)))]
        async with transaction() as session:
            await store.insert_requests(session, batch)
        for _ in batch:
            _waiting.popleft()
        written += len(batch)
    return written


@asynccontextmanager
async def noting() -> AsyncIterator[None]:
    """While this is open a task writes what is noted; at the end the rest is written."""
    writer = asyncio.create_task(_write_for_ever(), name="api-requests")
    try:
        yield
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        try:
            await write_noted()
        except (SQLAlchemyError, OSError):
            LOST.inc(len(_waiting))
            log.exception("api_requests_lost", requests=len(_waiting))


async def list_requests(
    session: AsyncSession, caller: Caller, api_key_id: UUID, window: Window
) -> Page[ApiRequest]:
    """The newest first. Raises ApiKeyNotFound, CursorInvalid."""
    await keys.get_key(session, caller, api_key_id)
    rows = await store.list_requests(
        session, api_key_id, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    shown = [ApiRequest(**{name: getattr(row, name) for name in ApiRequest.model_fields}) for row in rows]
    return page_of(shown, window, [row.id.hex for row in rows])


async def sweep(session: AsyncSession, limit: int) -> int:
    """Forget up to `limit` requests older than KEPT. Returns how many."""
    return await store.sweep(session, KEPT, limit)


async def _write_for_ever() -> None:
    while True:
        await asyncio.sleep(GATHER_SECONDS)
        try:
            await write_noted()
        except (SQLAlchemyError, OSError) as error:
            log.warning("api_requests_wait", requests=len(_waiting), kind=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None

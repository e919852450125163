"""What one process remembers of settings and flags: everything, while the database tells it of changes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import transaction
from app.core.listen import listen
from app.settings import store
from app.settings.rules import Snapshot, Version, snapshot_of
from app.settings.schemas import Kind, Scope

CHANNEL = "settings"
# Nobody has to wait for this: it is for what a notification should have told and did not.
READ_AGAIN = timedelta(seconds=30)
RETRY = timedelta(seconds=1)

log = structlog.get_logger(__name__)


class Memory:
    """One snapshot, kept fresh. Empty whenever it might be stale, and then the database is asked."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        # Grows with every loss, so that what was read before it is not remembered after it.
        self._losses = 0
        self._wake = asyncio.Event()

    @property
    def snapshot(self) -> Snapshot | None:
        return self._snapshot

    def forget(self) -> None:
        self._snapshot = None
        self._losses += 1

    @contextlib.asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Listen and re-read while this is open. Nothing is remembered before and after."""
        listener = asyncio.create_task(listen(CHANNEL, self._wake, self.forget), name="settings_listener")
        listener.add_done_callback(lambda _: self.forget())
        reader = asyncio.create_task(self._read_for_ever(listener), name="settings_reader")
        try:
            yield
        finally:
            for task in (reader, listener):
                task.cancel()
            await asyncio.gather(reader, listener, return_exceptions=True)
            self.forget()

    async def _read_for_ever(self, listener: asyncio.Task[None]) -> None:
        await self._wake.wait()
        while not listener.done():
            self._wake.clear()
            wait = READ_AGAIN if await self._read() else RETRY
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait.total_seconds())

    async def _read(self) -> bool:
        losses = self._losses
        try:
            async with transaction() as session:
                snapshot = await read(session)
        except SQLAlchemyError as error:
            self.forget()
            log.warning("settings_not_read", kind=type(error).__name__)
            return False
        if losses == self._losses:
            self._snapshot = snapshot
        return True


# The one of this process, and what a caller lends for the time of one question.
process = Memory()
_lent: ContextVar[Snapshot | None] = ContextVar("contrail_settings_snapshot", default=None)


def current() -> Snapshot | None:
    """The newest snapshot; None while nothing keeps it fresh."""
    return _lent.get() or process.snapshot


@contextlib.contextmanager
def lent(snapshot: Snapshot) -> Iterator[None]:
    """Let everything inside see this snapshot: what asks has no session of its own."""
    token = _lent.set(snapshot)
    try:
        yield
    finally:
        _lent.reset(token)


async def read(session: AsyncSession) -> Snapshot:
    """Everything, from the database."""
    return snapshot_of(version_of(row) for row in await store.list_versions(session))


def version_of(row: Row[Any]) -> Version:
    return Version(
        kind=Kind(row.kind),
        key=row.key,
        version=row.version,
        environment=Scope(row.environment),
        value=row.value,
        effective_from=row.effective_from,
        reason=row.reason,
        made_by=row.made_by,
        made_at=row.made_at,
    )

"""Being woken by the database: LISTEN on one channel, for as long as a program runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog

from app.core.config import get_settings

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 5

_LISTEN = psycopg.sql.SQL("listen {}")

log = structlog.get_logger(__name__)


async def notifications(channel: str, on_loss: Callable[[], None] | None = None) -> AsyncIterator[str | None]:
    """The payload of every notification, until cancelled.

    None each time it begins to listen, also after a lost connection: something may have been missed.
    `on_loss` is called when it is lost, for whoever may not trust what he was last told."""
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            async with await _connect() as connection:
                await connection.execute(_LISTEN.format(psycopg.sql.Identifier(channel)))
                yield None
                wait = FIRST_WAIT_SECONDS
                async for notification in connection.notifies():
                    yield notification.payload
        except psycopg.OperationalError as error:
            if on_loss is not None:
                on_loss()
            log.warning("listening_interrupted", channel=channel, kind=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def listen(channel: str, wake: asyncio.Event, on_loss: Callable[[], None] | None = None) -> None:
    """Set `wake` at every notification and whenever one may have been missed, until cancelled."""
    async for _ in notifications(channel, on_loss):
        wake.set()


@dataclass(frozen=True, slots=True)
class Alive:
    """The database answered on the very connection that listens: all that was told before has been heard."""

    database_now: datetime


async def watch(
    channels: Sequence[str], every_seconds: float, on_loss: Callable[[], None]
) -> AsyncIterator[psycopg.Notify | Alive | None]:
    """Every notification, and between them a sign of life each `every_seconds`, until cancelled.

    None each time it begins to listen, as in `notifications`. `on_loss` is called when the connection is
    lost, or has given no sign of life in as long again."""
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            async with await _connect() as connection:
                for channel in channels:
                    await connection.execute(_LISTEN.format(psycopg.sql.Identifier(channel)))
                yield None
                wait = FIRST_WAIT_SECONDS
                while True:
                    async for notification in connection.notifies(timeout=every_seconds):
                        yield notification
                    async with asyncio.timeout(every_seconds):
                        answer = await connection.execute("select clock_timestamp()")
                        row = await answer.fetchone()
                    if row is not None:
                        yield Alive(row[0])
        except (psycopg.OperationalError, TimeoutError) as error:
            on_loss()
            log.warning("listening_interrupted", channel=",".join(channels), kind=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def _connect() -> psycopg.AsyncConnection:
    settings = get_settings()
    url = settings.dsn("app_rw")
    return await psycopg.AsyncConnection.connect(
        host=url.host,
        port=url.port,
        dbname=url.database,
        user=url.username,
        password=url.password,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name="contrail-listen",
    )

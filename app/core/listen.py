"""Being woken by the database: LISTEN on one channel, for as long as a program runs."""

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import structlog

from app.core.config import get_settings

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 5

log = structlog.get_logger(__name__)


async def notifications(channel: str, on_loss: Callable[[], None] | None = None) -> AsyncIterator[str | None]:
    """The payload of every notification, until cancelled.

    None each time it begins to listen, also after a lost connection: something may have been missed.
    `on_loss` is called when it is lost, for whoever may not trust what he was last told."""
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            async with await _connect() as connection:
                await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
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

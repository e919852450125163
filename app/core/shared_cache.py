"""What the processes of a program may take from each other instead of making it again: kept in Valkey.

Nothing depends on it. Without a URL, while it is slow or while it is away, there is simply nothing in it."""

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter

from app.core.config import get_settings

if TYPE_CHECKING:
    from valkey.asyncio import Valkey

# What is taken from here is made in a few milliseconds: a store that takes longer is of no use.
ANSWER_LIMIT_SECONDS = 0.02
# After a failure nobody asks for so long; each request would wait for it in vain.
REST_SECONDS = 5.0
MAX_CONNECTIONS = 20
MOST_BEING_PUT = 100

ASKED = Counter("contrail_shared_cache", "What was asked of the shared cache", ["outcome"])

log = structlog.get_logger(__name__)


class SharedCache:
    """One process's door to it. Lives on the event loop it is first used on."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Valkey | None = None
        self._rests_until = float("-inf")
        self._being_put: set[asyncio.Task[None]] = set()

    async def find(self, key: bytes) -> bytes | None:
        """What is kept under a key, if that can be had at once."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(ANSWER_LIMIT_SECONDS):
                found = await self._connected().get(key)
        except (OSError, TimeoutError, self._error()) as error:
            self._rest(error)
            return None
        ASKED.labels("hit" if found is not None else "miss").inc()
        return None if found is None else bytes(found)

    def put(self, key: bytes, value: bytes, seconds: int) -> None:
        """Keep it for so long, beside whatever the caller does next; dropped where there is no room."""
        if time.monotonic() < self._rests_until or len(self._being_put) >= MOST_BEING_PUT:
            return
        task = asyncio.create_task(self._put(key, value, seconds), name="shared-cache-put")
        self._being_put.add(task)
        task.add_done_callback(self._being_put.discard)

    async def close(self) -> None:
        for task in self._being_put:
            task.cancel()
        if self._client is not None:
            await self._client.aclose()
        self._client = None

    async def _put(self, key: bytes, value: bytes, seconds: int) -> None:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_SECONDS):
                await self._connected().set(key, value, ex=seconds)
        except (OSError, TimeoutError, self._error()) as error:
            self._rest(error)

    def _rest(self, error: Exception) -> None:
        ASKED.labels("failure").inc()
        if time.monotonic() >= self._rests_until:
            log.warning("shared_cache_rests", kind=type(error).__name__)
        self._rests_until = time.monotonic() + REST_SECONDS

    def _connected(self) -> "Valkey":
        if self._client is None:
            # Only a program that has a shared cache pays for its client.
            from valkey.asyncio import Valkey

            self._client = Valkey.from_url(
                self._url,
                socket_timeout=ANSWER_LIMIT_SECONDS,
                socket_connect_timeout=ANSWER_LIMIT_SECONDS,
                max_connections=MAX_CONNECTIONS,
            )
        return self._client

    @staticmethod
    def _error() -> type[Exception]:
        from valkey.exceptions import ValkeyError

        return ValkeyError


def open_shared_cache() -> SharedCache | None:
    """None where the settings name none."""
    url = get_settings().cache_url
    return None if url is None else SharedCache(url)

"""Waiting for a condition, with a limit."""

import asyncio
from collections.abc import Callable

WAIT_LIMIT_SECONDS = 60


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)

"""A setting no code asks for, and waiting for a condition, with a limit."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from app.settings.definitions import setting

# What tests change stays changed: the versions of a setting are kept for ever.
PATIENCE = setting(
    "tests.patience",
    timedelta(minutes=30),
    "How long a test waits",
    at_least=timedelta(minutes=5),
    at_most=timedelta(hours=24),
)

WAIT_LIMIT_SECONDS = 60


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)

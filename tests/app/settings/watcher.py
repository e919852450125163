"""A process of its own that is told of changes: prints what a setting says whenever that is new."""

import asyncio
import sys

from app.core.db import transaction
from app.settings import memory, service
from tests.app.settings.conditions import PATIENCE, until


async def main() -> None:
    async with memory.process.kept_fresh():
        await until(lambda: memory.current() is not None)
        said = None
        while said != int(sys.argv[1]):
            async with transaction() as session:
                seconds = int((await service.get(session, PATIENCE)).total_seconds())
            if seconds != said:
                said = seconds
                print(said, flush=True)
            await asyncio.sleep(0.01)


asyncio.run(main())

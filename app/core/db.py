"""The database: one engine a process, one transaction a request, committed before the answer is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app.core.config import get_settings

# Longer than any statement may take (statement_timeout is 5 s), shorter than a caller waits.
POOL_TIMEOUT_SECONDS = 8


@lru_cache
def engine() -> AsyncEngine:
    settings = get_settings()
    return create_async_engine(
        settings.dsn("app_rw"),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        connect_args={"application_name": "contrail-app", "options": "-c timezone=UTC"},
    )


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """One transaction: commits at the end of the block, rolls back when it raises."""
    async with AsyncSession(engine(), expire_on_commit=False) as session, session.begin():
        yield session


async def _request_transaction() -> AsyncIterator[AsyncSession]:
    async with transaction() as session:
        yield session


# scope="function" ends the dependency before the answer is sent, so that a COMMIT which fails is an
# error to the caller. With the default scope it would fail after a 201 had already left.
Transaction = Annotated[AsyncSession, Depends(_request_transaction, scope="function")]

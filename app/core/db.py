"""The database: one engine a process, one transaction a request, committed before the answer is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Annotated, Any

import psycopg
from fastapi import Depends
from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import IntegrityError
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
        # An error's text reaches the log, and parameters can be a person's.
        hide_parameters=True,
        connect_args={"application_name": "contrail-app", "options": "-c timezone=UTC"},
    )


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """One transaction: commits at the end of the block, rolls back when it raises."""
    async with AsyncSession(engine(), expire_on_commit=False) as session, session.begin():
        yield session


async def execute_and_count(
    session: AsyncSession, statement: Executable, parameters: dict[str, Any] | None = None
) -> int:
    """Run an insert, update or delete; returns how many rows it touched."""
    result = await session.execute(statement, parameters)
    if not isinstance(result, CursorResult):
        raise TypeError("the statement counts no rows")
    return result.rowcount


def violated_constraint(error: IntegrityError) -> str | None:
    """The name of the constraint a statement ran into."""
    return error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None


async def _request_transaction() -> AsyncIterator[AsyncSession]:
    async with transaction() as session:
        yield session


# scope="function" ends the dependency before the answer is sent, so that a COMMIT which fails is an
# error to the caller. With the default scope it would fail after a 201 had already left.
Transaction = Annotated[AsyncSession, Depends(_request_transaction, scope="function")]

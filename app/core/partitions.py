"""Months of the tables that grow: made ahead, watched for rows without one, and retired."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_MAKE_AHEAD = text("select app.ensure_month_partitions(:months)")
_COUNT_WITHOUT = text("select parent, misplaced from app.rows_without_partition()")
_RETIRE = text("select app.retire_month_partition(:parent, :months_kept)")
_DROP_RETIRED = text("select app.drop_retired_partition(:days_kept)")


async def make_ahead(session: AsyncSession, months: int) -> int:
    """Make what is missing of this month, the one before and `months` more, and a month for every row that
    has none, which moves there. Returns how many were made."""
    return int(await session.scalar(_MAKE_AHEAD, {"months": months}) or 0)


async def count_without(session: AsyncSession) -> dict[str, int]:
    """Rows that fell into a table's default partition, at most 100,000 counted of each."""
    return {row.parent: row.misplaced for row in await session.execute(_COUNT_WITHOUT)}


async def retire(session: AsyncSession, table: str, months_kept: int) -> str | None:
    """Detach the oldest month beyond `months_kept` into schema `retired`; its name, if there was one.
    Locks the table for a moment."""
    name: str | None = await session.scalar(_RETIRE, {"parent": table, "months_kept": months_kept})
    return name


async def drop_retired(session: AsyncSession, days_kept: int) -> str | None:
    """Drop one month that was retired longer ago than this; its name, if there was one."""
    name: str | None = await session.scalar(_DROP_RETIRED, {"days_kept": days_kept})
    return name

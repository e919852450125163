"""Reading and loading exchange rates."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_FIND_DAY = text("""
    select rate_date, currency, rate, source
    from app.fx_rates
    where rate_date = (select max(rate_date) from app.fx_rates where rate_date <= :day)
    order by currency
""")
_NEWEST_DAY = text("select max(rate_date) from app.fx_rates")
_INSERT = text("""
    insert into app.fx_rates (rate_date, currency, rate, source)
    select rate_date, currency, rate, :source
    from jsonb_to_recordset(cast(:rows as jsonb))
        as loaded (rate_date date, currency text, rate numeric(18, 8))
    on conflict do nothing
""")


async def find_day(session: AsyncSession, day: date) -> Sequence[Row[Any]]:
    """The rates of the newest day that is not after `day`."""
    return (await session.execute(_FIND_DAY, {"day": day})).all()


async def find_newest_day(session: AsyncSession) -> date | None:
    newest: date | None = await session.scalar(_NEWEST_DAY)
    return newest


async def insert_rates(session: AsyncSession, rows: Sequence[dict[str, str]], source: str) -> int:
    """Write rates that are not there yet; how many."""
    return await execute_and_count(session, _INSERT, {"rows": json.dumps(rows), "source": source})

"""Business time: the database's clock, or in the sandbox the test clock of the request."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current

_SET = text("select set_config('contrail.business_time', :now, true)")


async def now(session: AsyncSession) -> datetime:
    """The moment this transaction acts at: bound into every statement that compares business time."""
    virtual = current().virtual_now
    if virtual is not None:
        await _tell_database(session, virtual)
        return virtual
    moment = await session.scalar(text("select transaction_timestamp()"))
    if not isinstance(moment, datetime):
        raise TypeError("the database gave no time")
    return moment


async def _tell_database(session: AsyncSession, virtual: datetime) -> None:
    """Once a transaction: what the database dates by itself (app.row_history) is dated the same."""
    told = (session.get_transaction(), virtual)
    if session.info.get("business_time") != told:
        await session.execute(_SET, {"now": virtual.isoformat()})
        session.info["business_time"] = told

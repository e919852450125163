"""Business time: the database's clock, or in the sandbox the test clock of the request."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current


async def now(session: AsyncSession) -> datetime:
    """The moment this transaction acts at: bound into every statement that compares business time."""
    virtual = current().virtual_now
    if virtual is not None:
        return virtual
    moment = await session.scalar(text("select transaction_timestamp()"))
    if not isinstance(moment, datetime):
        raise TypeError("the database gave no time")
    return moment

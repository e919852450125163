"""The statements about who paid, one a function."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_LIST = text("select id from app.payments where booking_id = any(:booking_ids) order by id limit :limit")
# The brand and the country stay, as figures of business; the last four digits are the person's.
_FORGET = text("""
    update app.payments set
        card_hash = null,
        card_last4 = null,
        email_hash = null,
        device_hash = null,
        ip_hash = null,
        ip24_hash = null,
        prior_hashes = null,
        updated_at = now()
    where booking_id = any(:booking_ids)
""")


async def list_payment_ids(session: AsyncSession, booking_ids: list[UUID], limit: int) -> list[UUID]:
    return list((await session.scalars(_LIST, {"booking_ids": booking_ids, "limit": limit})).all())


async def forget_payers(session: AsyncSession, booking_ids: list[UUID]) -> int:
    return await execute_and_count(session, _FORGET, {"booking_ids": booking_ids})

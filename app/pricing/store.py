"""Reading fare products."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_LIST = text("""
    select
        id, brand, cabin, fare_class, fare_basis, (multiplier * 1000)::integer as multiplier_thousandths,
        advance_purchase_days, refund_allowed, refund_penalty_minor, change_allowed,
        change_penalty_minor, currency, valid_from, valid_to, minimum_stay_days
    from app.fare_products
    order by fare_basis, valid_from
""")


async def list_fare_products(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST)).all()

"""What extras read and write: one statement each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.extras.models import ExtrasLineRow, ExtrasOrderRow
from app.bookings.extras.schemas import FulfilKind, OrderStatus

# A booking of nine has room for far fewer; a list is shown in one piece.
MAX_ORDERS = 200

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_order(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(ExtrasOrderRow), [values])


async def insert_lines(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(ExtrasLineRow), rows)


async def find_order(session: AsyncSession, order_id: UUID) -> ExtrasOrderRow | None:
    statement = select(ExtrasOrderRow).where(col(ExtrasOrderRow.id) == order_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_orders(session: AsyncSession, booking_id: UUID) -> Sequence[ExtrasOrderRow]:
    statement = (
        select(ExtrasOrderRow)
        .where(col(ExtrasOrderRow.booking_id) == booking_id)
        .order_by(col(ExtrasOrderRow.id))
        .limit(MAX_ORDERS)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_lines(session: AsyncSession, order_ids: Sequence[UUID]) -> Sequence[ExtrasLineRow]:
    statement = (
        select(ExtrasLineRow)
        .where(col(ExtrasLineRow.order_id).in_(order_ids))
        .order_by(col(ExtrasLineRow.id))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def mark_applied(session: AsyncSession, order_id: UUID, now: datetime) -> None:
    statement = (
        update(ExtrasOrderRow)
        .where(col(ExtrasOrderRow.id) == order_id)
        .values(status=OrderStatus.APPLIED, applied_at=now)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def set_item(session: AsyncSession, line_id: UUID, item_id: UUID) -> None:
    statement = update(ExtrasLineRow).where(col(ExtrasLineRow.id) == line_id).values(item_id=item_id)
    await session.execute(statement, execution_options=_UNSYNCED)


async def find_items_of_kind(session: AsyncSession, booking_id: UUID, kind: FulfilKind) -> Sequence[UUID]:
    statement = select(col(ExtrasLineRow.item_id)).where(
        col(ExtrasLineRow.booking_id) == booking_id,
        col(ExtrasLineRow.fulfil_kind) == kind,
        col(ExtrasLineRow.item_id).is_not(None),
    )
    return [item_id for item_id in (await session.scalars(statement)).all() if item_id is not None]


async def lapse_orders(session: AsyncSession, booking_id: UUID, now: datetime) -> None:
    """End the waiting of orders, at once."""
    statement = (
        update(ExtrasOrderRow)
        .where(
            col(ExtrasOrderRow.booking_id) == booking_id,
            col(ExtrasOrderRow.status) == OrderStatus.WAITING,
            col(ExtrasOrderRow.expires_at) > now,
        )
        .values(expires_at=now)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_lines(
    session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID, segments: Mapping[UUID, UUID]
) -> None:
    segment_id = col(ExtrasLineRow.segment_id)
    statement = (
        update(ExtrasLineRow)
        .where(col(ExtrasLineRow.passenger_id).in_(passenger_ids))
        .values(booking_id=to, segment_id=case(dict(segments), value=segment_id, else_=segment_id))
    )
    await session.execute(statement, execution_options=_UNSYNCED)

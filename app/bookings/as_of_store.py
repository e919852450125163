"""The rows of a booking as they were at a moment: the version each row had, if it was there."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from app.bookings.models import BookingRow, CouponRow, ItemRow, PassengerRow, SegmentRow, TicketRow

Row = TypeVar("Row", bound=SQLModel)

# The version of a row at a moment is the oldest one that ended after it, else the row as it is. A row that
# moved between bookings is looked at in both, and belongs to the one it was in.
_AS_OF = """
    with touched as (
        select row_id
        from app.row_history
        where booking_id = :booking_id and table_name = '{table}'
        union
        select id
        from app.{table}
        where {owner} = :booking_id
    ),
    versions as (
        select
            coalesce(
                (
                    select history.was
                    from app.row_history as history
                    where history.row_id = touched.row_id
                        and history.table_name = '{table}'
                        and history.ended_at > :as_of
                    order by history.ended_at, history.id
                    limit 1
                ),
                (select to_jsonb(present) from app.{table} as present where present.id = touched.row_id)
            ) as was
        from touched
    )
    select version.*
    from versions
    cross join lateral jsonb_populate_record(null::app.{table}, versions.was) as version
    where version.{owner} = :booking_id and version.{since} <= :as_of
    order by version.id
"""


async def find_booking(session: AsyncSession, booking_id: UUID, as_of: datetime) -> BookingRow | None:
    rows = await _rows(session, BookingRow, "bookings", booking_id, as_of, owner="id")
    return rows[0] if rows else None


async def find_passengers(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Sequence[PassengerRow]:
    return await _rows(session, PassengerRow, "passengers", booking_id, as_of)


async def find_segments(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Sequence[SegmentRow]:
    """In the order of travel."""
    rows = await _rows(session, SegmentRow, "segments", booking_id, as_of)
    return sorted(rows, key=lambda row: (row.slice_number, row.segment_number))


async def find_items(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Sequence[ItemRow]:
    return await _rows(session, ItemRow, "booking_items", booking_id, as_of)


async def find_tickets(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Sequence[TicketRow]:
    return await _rows(session, TicketRow, "tickets", booking_id, as_of, since="issued_at")


async def find_coupons(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Sequence[CouponRow]:
    rows = await _rows(session, CouponRow, "coupons", booking_id, as_of)
    return sorted(rows, key=lambda row: (row.ticket_id, row.number))


async def _rows(
    session: AsyncSession,
    model: type[Row],
    table: str,
    booking_id: UUID,
    as_of: datetime,
    owner: str = "booking_id",
    since: str = "created_at",
) -> Sequence[Row]:
    """One statement over a table named in this module, never by a caller."""
    statement = select(model).from_statement(
        text(_AS_OF.format(table=table, owner=owner, since=since)).bindparams(
            booking_id=booking_id, as_of=as_of
        )
    )
    return (await session.scalars(statement, execution_options={"populate_existing": True})).all()

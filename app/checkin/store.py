"""What check-in and boarding read and write: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.checkin.models import BoardingRow, CheckInRow, DeniedBoardingRow

# A row that was changed by a statement must be read again, not taken from the session.
_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def take_numbers_for_update(
    session: AsyncSession, flight_id: UUID, departs_at: datetime, count: int
) -> BoardingRow:
    """Take the next `count` sequence numbers of a flight; the row says the last. Locks the flight's
    boarding, so that check-ins, clearings and the close-out of one flight follow one another."""
    statement = upsert(BoardingRow).values(
        flight_id=flight_id, departs_at=departs_at, last_sequence_number=count
    )
    statement = statement.on_conflict_do_update(
        index_elements=["flight_id"],
        set_={"last_sequence_number": BoardingRow.last_sequence_number + count},
    )
    return (await session.scalars(statement.returning(BoardingRow), execution_options=_FRESH)).one()


async def find_boarding(session: AsyncSession, flight_id: UUID) -> BoardingRow | None:
    statement = select(BoardingRow).where(col(BoardingRow.flight_id) == flight_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def close_boarding(
    session: AsyncSession, flight_id: UUID, closed_at: datetime, closed_by: UUID | None
) -> bool:
    """False: it has been closed before."""
    statement = (
        update(BoardingRow)
        .where(col(BoardingRow.flight_id) == flight_id, col(BoardingRow.closed_at).is_(None))
        .values(closed_at=closed_at, closed_by=closed_by)
        .returning(col(BoardingRow.flight_id))
    )
    return (await session.scalars(statement, execution_options=_UNSYNCED)).one_or_none() is not None


async def find_open_boardings(session: AsyncSession, departed: datetime, limit: int) -> Sequence[UUID]:
    """Flights with check-ins planned to have left by `departed` that have not been closed out, the oldest
    first, without those somebody else works on."""
    statement = (
        select(col(BoardingRow.flight_id))
        .where(col(BoardingRow.closed_at).is_(None), col(BoardingRow.departs_at) <= departed)
        .order_by(col(BoardingRow.departs_at), col(BoardingRow.flight_id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).all()


async def insert_check_ins(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(CheckInRow), rows)


async def find_check_ins_of(session: AsyncSession, booking_id: UUID) -> Sequence[CheckInRow]:
    """Those of a booking that stand."""
    statement = select(CheckInRow).where(
        col(CheckInRow.booking_id) == booking_id, col(CheckInRow.undone_at).is_(None)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_check_ins_on(session: AsyncSession, flight_id: UUID) -> Sequence[CheckInRow]:
    """Those of a flight that stand, in the order of check-in."""
    statement = (
        select(CheckInRow)
        .where(col(CheckInRow.flight_id) == flight_id, col(CheckInRow.undone_at).is_(None))
        .order_by(col(CheckInRow.sequence_number))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_check_in(session: AsyncSession, flight_id: UUID, sequence_number: int) -> CheckInRow | None:
    statement = select(CheckInRow).where(
        col(CheckInRow.flight_id) == flight_id,
        col(CheckInRow.sequence_number) == sequence_number,
        col(CheckInRow.undone_at).is_(None),
    )
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def update_check_ins(session: AsyncSession, coupon_ids: Sequence[UUID], values: dict[str, Any]) -> None:
    """Change the standing check-ins of these coupons."""
    statement = (
        update(CheckInRow)
        .where(col(CheckInRow.coupon_id).in_(coupon_ids), col(CheckInRow.undone_at).is_(None))
        .values(values)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def insert_denied_boarding(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(DeniedBoardingRow).values(values))


async def find_denied_boarding(session: AsyncSession, coupon_id: UUID) -> DeniedBoardingRow | None:
    statement = select(DeniedBoardingRow).where(col(DeniedBoardingRow.coupon_id) == coupon_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_denied_boardings_on(session: AsyncSession, flight_id: UUID) -> Sequence[DeniedBoardingRow]:
    statement = (
        select(DeniedBoardingRow)
        .where(col(DeniedBoardingRow.flight_id) == flight_id)
        .order_by(col(DeniedBoardingRow.denied_at), col(DeniedBoardingRow.coupon_id))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()

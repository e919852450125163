"""What bookings reads and writes: one statement each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from app.bookings.models import (
    BookingRow,
    CancellationCouponRow,
    CancellationRow,
    CouponRow,
    ItemRow,
    PassengerRow,
    SegmentRow,
    TicketRow,
)
from app.bookings.schemas import (
    BoardingOutcome,
    BookingStatus,
    CancellationStatus,
    CouponStatus,
    LiveStatus,
    TicketStatus,
)
from app.core.models import DomainEvent

# More than any booking of nine lives to see; a history is shown in one piece.
MAX_EVENTS = 500

# A row that was changed by a statement must be read again, not taken from the session.
_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}

# Sorted, so that two who would claim the same locators cannot wait for each other.
_CLAIM_PNRS = text("""
    insert into app.pnrs (pnr, booking_id)
    select pnr, booking_id
    from unnest(cast(:pnrs as text[]), cast(:booking_ids as uuid[])) as wanted (pnr, booking_id)
    order by pnr
    on conflict do nothing
    returning pnr
""")
_LIST_ON = text("""
    select distinct segment.booking_id
    from app.segments as segment
    join app.bookings as booking on booking.id = segment.booking_id
    where segment.flight_id = :flight_id
        and segment.status = 'live'
        and booking.status in ('held', 'confirmed', 'ticketed')
        and (cast(:after as uuid) is null or segment.booking_id > :after)
    order by segment.booking_id
    limit :limit
""")


async def insert_rows(session: AsyncSession, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(table), rows)


async def claim_pnrs(session: AsyncSession, wanted: Mapping[str, UUID]) -> Sequence[str]:
    """Take locators for bookings; which it took. The others belong to other bookings."""
    parameters = {"pnrs": list(wanted), "booking_ids": list(wanted.values())}
    return (await session.scalars(_CLAIM_PNRS, parameters)).all()


async def claim_ticket(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Issue a ticket under a number. False: the number belongs to another."""
    statement = insert_or_skip(TicketRow).values(values)
    statement = statement.on_conflict_do_nothing(index_elements=["number"])
    issued = await session.execute(statement.returning(col(TicketRow.id)))
    return issued.scalar_one_or_none() is not None


async def find_booking(session: AsyncSession, booking_id: UUID) -> BookingRow | None:
    statement = select(BookingRow).where(col(BookingRow.id) == booking_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_bookings(session: AsyncSession, booking_ids: Sequence[UUID]) -> Sequence[BookingRow]:
    statement = select(BookingRow).where(col(BookingRow.id).in_(booking_ids))
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_booking_for_update(session: AsyncSession, booking_id: UUID) -> BookingRow | None:
    """Locks the booking, before anything else of it."""
    statement = select(BookingRow).where(col(BookingRow.id) == booking_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_bookings(
    session: AsyncSession, user_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool = False
) -> Sequence[BookingRow]:
    """The user's bookings from beyond a place, the newest first; backwards, the oldest first."""
    key = col(BookingRow.id)
    statement = select(BookingRow).where(col(BookingRow.user_id) == user_id)
    if place is not None:
        statement = statement.where(key > place if is_backwards else key < place)
    order = key.asc() if is_backwards else key.desc()
    return (await session.scalars(statement.order_by(order).limit(limit))).all()


async def find_passengers(session: AsyncSession, booking_ids: Sequence[UUID]) -> Sequence[PassengerRow]:
    statement = select(PassengerRow).where(col(PassengerRow.booking_id).in_(booking_ids))
    return (await session.scalars(statement.order_by(col(PassengerRow.id)))).all()


async def find_segments(session: AsyncSession, booking_ids: Sequence[UUID]) -> Sequence[SegmentRow]:
    """In the order of travel."""
    statement = (
        select(SegmentRow)
        .where(col(SegmentRow.booking_id).in_(booking_ids))
        .order_by(col(SegmentRow.booking_id), col(SegmentRow.slice_number), col(SegmentRow.segment_number))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_items(session: AsyncSession, booking_id: UUID) -> Sequence[ItemRow]:
    statement = select(ItemRow).where(col(ItemRow.booking_id) == booking_id).order_by(col(ItemRow.id))
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_tickets(session: AsyncSession, booking_id: UUID) -> Sequence[TicketRow]:
    statement = select(TicketRow).where(col(TicketRow.booking_id) == booking_id).order_by(col(TicketRow.id))
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_coupons(session: AsyncSession, booking_id: UUID) -> Sequence[CouponRow]:
    statement = (
        select(CouponRow)
        .where(col(CouponRow.booking_id) == booking_id)
        .order_by(col(CouponRow.ticket_id), col(CouponRow.number))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_events(session: AsyncSession, booking_id: UUID) -> Sequence[DomainEvent]:
    statement = (
        select(DomainEvent)
        .where(col(DomainEvent.booking_id) == booking_id)
        .order_by(col(DomainEvent.id))
        .limit(MAX_EVENTS)
    )
    return (await session.scalars(statement)).all()


async def update_booking(session: AsyncSession, booking_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(BookingRow)
        .where(col(BookingRow.id) == booking_id)
        .values(values | {"version": BookingRow.version + 1, "updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def expire_bookings(session: AsyncSession, now: datetime, limit: int) -> Sequence[BookingRow]:
    """Expire holds dead at `now`, leaving out those another transaction is busy with."""
    dead = (
        select(col(BookingRow.id))
        .where(col(BookingRow.status) == BookingStatus.HELD, col(BookingRow.payment_required_by) <= now)
        .order_by(col(BookingRow.payment_required_by))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("dead")
        .prefix_with("materialized", dialect="postgresql")
    )
    statement = (
        update(BookingRow)
        .where(col(BookingRow.id).in_(select(dead.c.id)))
        .values(
            status=BookingStatus.EXPIRED,
            expired_at=BookingRow.payment_required_by,
            version=BookingRow.version + 1,
            updated_at=func.now(),
        )
        .returning(BookingRow)
    )
    return (await session.scalars(statement, execution_options=_FRESH | _UNSYNCED)).all()


async def set_items(session: AsyncSession, booking_ids: Sequence[UUID], status: LiveStatus) -> None:
    statement = (
        update(ItemRow)
        .where(col(ItemRow.booking_id).in_(booking_ids), col(ItemRow.status) != status)
        .values(status=status, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def reduce_item(session: AsyncSession, item_id: UUID, left_minor: int) -> None:
    """Leave so much of an item due; with nothing left it is cancelled."""
    values: dict[str, Any] = {"amount_minor": left_minor, "updated_at": func.now()}
    if left_minor == 0:
        values = {"status": LiveStatus.CANCELLED, "updated_at": func.now()}
    statement = update(ItemRow).where(col(ItemRow.id) == item_id).values(values)
    await session.execute(statement, execution_options=_UNSYNCED)


async def set_segments(session: AsyncSession, booking_ids: Sequence[UUID], status: LiveStatus) -> None:
    statement = (
        update(SegmentRow)
        .where(col(SegmentRow.booking_id).in_(booking_ids), col(SegmentRow.status) != status)
        .values(status=status, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def set_ticket(session: AsyncSession, ticket_id: UUID, status: TicketStatus) -> None:
    statement = (
        update(TicketRow).where(col(TicketRow.id) == ticket_id).values(status=status, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def give_back_coupons(session: AsyncSession, coupon_ids: Sequence[UUID], status: CouponStatus) -> int:
    """Open ones only: what is checked in or flown cannot be given back. How many it was."""
    statement = (
        update(CouponRow)
        .where(col(CouponRow.id).in_(coupon_ids), col(CouponRow.status) == CouponStatus.OPEN)
        .values(status=status, updated_at=func.now())
        .returning(col(CouponRow.id))
    )
    return len((await session.scalars(statement, execution_options=_UNSYNCED)).all())


async def delete_items(session: AsyncSession, item_ids: Sequence[UUID]) -> None:
    """Of a hold: what was only ever asked for. What was paid is cancelled, never deleted."""
    await session.execute(delete(ItemRow).where(col(ItemRow.id).in_(item_ids)), execution_options=_UNSYNCED)


async def cancel_items(session: AsyncSession, item_ids: Sequence[UUID]) -> None:
    statement = (
        update(ItemRow)
        .where(col(ItemRow.id).in_(item_ids))
        .values(status=LiveStatus.CANCELLED, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_item(session: AsyncSession, item_id: UUID, segment_id: UUID) -> None:
    """Let an item be for another segment."""
    statement = (
        update(ItemRow).where(col(ItemRow.id) == item_id).values(segment_id=segment_id, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def end_segments(session: AsyncSession, segment_ids: Sequence[UUID], status: LiveStatus) -> None:
    statement = (
        update(SegmentRow)
        .where(col(SegmentRow.id).in_(segment_ids), col(SegmentRow.status) == LiveStatus.LIVE)
        .values(status=status, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def find_cancellation(session: AsyncSession, cancellation_id: UUID) -> CancellationRow | None:
    statement = select(CancellationRow).where(col(CancellationRow.id) == cancellation_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_cancelled_coupons(session: AsyncSession, cancellation_id: UUID) -> Sequence[UUID]:
    """The coupons a quote is for."""
    statement = (
        select(col(CancellationCouponRow.coupon_id))
        .where(col(CancellationCouponRow.cancellation_id) == cancellation_id)
        .order_by(col(CancellationCouponRow.coupon_id))
    )
    return (await session.scalars(statement)).all()


async def supersede_quotes(session: AsyncSession, booking_id: UUID) -> None:
    statement = (
        update(CancellationRow)
        .where(
            col(CancellationRow.booking_id) == booking_id,
            col(CancellationRow.status) == CancellationStatus.QUOTED,
        )
        .values(status=CancellationStatus.SUPERSEDED)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def confirm_quote(session: AsyncSession, cancellation_id: UUID, now: datetime) -> None:
    statement = (
        update(CancellationRow)
        .where(col(CancellationRow.id) == cancellation_id)
        .values(status=CancellationStatus.CONFIRMED, confirmed_at=now)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def confirm_cancelled_coupons(session: AsyncSession, cancellation_id: UUID) -> None:
    statement = (
        update(CancellationCouponRow)
        .where(col(CancellationCouponRow.cancellation_id) == cancellation_id)
        .values(is_confirmed=True)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def find_travel_coupons(
    session: AsyncSession, condition: ColumnElement[bool]
) -> Sequence[Row[CouponRow, TicketRow, PassengerRow, SegmentRow, BookingRow]]:
    """Coupons with all they are part of, in the order of travel and then of passengers."""
    statement = (
        select(CouponRow, TicketRow, PassengerRow, SegmentRow, BookingRow)
        .join(TicketRow, col(TicketRow.id) == col(CouponRow.ticket_id))
        .join(PassengerRow, col(PassengerRow.id) == col(CouponRow.passenger_id))
        .join(SegmentRow, col(SegmentRow.id) == col(CouponRow.segment_id))
        .join(BookingRow, col(BookingRow.id) == col(CouponRow.booking_id))
        .where(condition)
        .order_by(col(SegmentRow.slice_number), col(SegmentRow.segment_number), col(CouponRow.passenger_id))
    )
    return (await session.execute(statement, execution_options=_FRESH)).all()


async def move_coupons(
    session: AsyncSession,
    coupon_ids: Sequence[UUID],
    sources: Sequence[CouponStatus],
    target: CouponStatus,
    outcome: BoardingOutcome | None,
) -> Sequence[UUID]:
    """Move those of the coupons that are in one of `sources`; which they were."""
    statement = (
        update(CouponRow)
        .where(col(CouponRow.id).in_(coupon_ids), col(CouponRow.status).in_(sources))
        .values(status=target, boarding_outcome=outcome, updated_at=func.now())
        .returning(col(CouponRow.id))
    )
    return (await session.scalars(statement, execution_options=_UNSYNCED)).all()


async def list_booking_ids_on(
    session: AsyncSession, flight_id: UUID, limit: int, after: UUID | None
) -> list[UUID]:
    parameters = {"flight_id": flight_id, "limit": limit, "after": after}
    return list((await session.scalars(_LIST_ON, parameters)).all())

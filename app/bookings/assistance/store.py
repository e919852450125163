"""What special services read and write: one statement each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.assistance.models import ServiceRequestRow
from app.bookings.assistance.schemas import ServiceKind, ServiceStatus

# More than nine passengers can ask for on sixteen flights; shown in one piece.
MAX_REQUESTS = 500

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}

# One row is the limit: it is made with its first use, and a use beyond the limit updates nothing.
_TAKE = text("""
    insert into app.service_allotments as allotment (flight_id, kind, allotted, used)
    values (:flight_id, :kind, :allotted, 1)
    on conflict (flight_id, kind) do update set used = allotment.used + 1
        where allotment.used < allotment.allotted
    returning used
""")
_GIVE_BACK = text("""
    update app.service_allotments set used = used - 1 where flight_id = :flight_id and kind = :kind
""")


async def take_for_update(session: AsyncSession, flight_id: UUID, kind: ServiceKind, allotted: int) -> bool:
    """Use one of a flight's. Locks its row. False: none is left."""
    parameters = {"flight_id": flight_id, "kind": kind.value, "allotted": allotted}
    return (await session.execute(_TAKE, parameters)).one_or_none() is not None


async def give_back_for_update(session: AsyncSession, flight_id: UUID, kind: ServiceKind) -> None:
    """Locks the flight's row."""
    await session.execute(_GIVE_BACK, {"flight_id": flight_id, "kind": kind.value})


async def insert_request(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(ServiceRequestRow), [values])


async def find_request(session: AsyncSession, request_id: UUID) -> ServiceRequestRow | None:
    statement = select(ServiceRequestRow).where(col(ServiceRequestRow.id) == request_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_requests(session: AsyncSession, booking_id: UUID) -> Sequence[ServiceRequestRow]:
    statement = (
        select(ServiceRequestRow)
        .where(col(ServiceRequestRow.booking_id) == booking_id)
        .order_by(col(ServiceRequestRow.id))
        .limit(MAX_REQUESTS)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def end_request(session: AsyncSession, request_id: UUID, now: datetime) -> None:
    statement = (
        update(ServiceRequestRow)
        .where(col(ServiceRequestRow.id) == request_id)
        .values(status=ServiceStatus.CANCELLED, ended_at=now)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_requests(
    session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID, segments: Mapping[UUID, UUID]
) -> None:
    segment_id = col(ServiceRequestRow.segment_id)
    statement = (
        update(ServiceRequestRow)
        .where(col(ServiceRequestRow.passenger_id).in_(passenger_ids))
        .values(booking_id=to, segment_id=case(dict(segments), value=segment_id, else_=segment_id))
    )
    await session.execute(statement, execution_options=_UNSYNCED)

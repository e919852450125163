"""Offer requests: written many at a time, read one offer at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count


@dataclass(frozen=True, slots=True)
class OfferRequestRow:
    """`passengers` and `offers` are JSON documents."""

    id: UUID
    user_id: UUID | None
    origin: str
    destination: str
    departure_date: date
    cabin: str
    passengers: str
    offers: str
    availability_as_of: datetime | None
    created_at: datetime
    expires_at: datetime
    request_id: str
    simulated: bool


_INSERT = text("""
    insert into app.offer_requests (
        id, user_id, origin, destination, departure_date, cabin, passengers, offers,
        availability_as_of, created_at, expires_at, request_id, simulated
    )
    select
        id, user_id, origin, destination, departure_date, cabin, passengers::jsonb, offers::jsonb,
        availability_as_of, created_at, expires_at, request_id, simulated
    from unnest(
        cast(:id as uuid[]), cast(:user_id as uuid[]), cast(:origin as text[]),
        cast(:destination as text[]), cast(:departure_date as date[]), cast(:cabin as text[]),
        cast(:passengers as text[]), cast(:offers as text[]),
        cast(:availability_as_of as timestamptz[]), cast(:created_at as timestamptz[]),
        cast(:expires_at as timestamptz[]), cast(:request_id as text[]), cast(:simulated as boolean[])
    ) as request (
        id, user_id, origin, destination, departure_date, cabin, passengers, offers,
        availability_as_of, created_at, expires_at, request_id, simulated
    )
""")
_FIND_OFFER = text("""
    select expires_at, offers -> cast(:position as integer) as offer
    from app.offer_requests
    where id = :request_id
""")
_DELETE_OLD = text("""
    delete from app.offer_requests
    where id in (
        select id
        from app.offer_requests
        where id < app.uuid_floor(now() - cast(:age as interval))
        order by id
        limit :limit
        for update skip locked
    )
""")


async def insert_offer_requests(session: AsyncSession, rows: Sequence[OfferRequestRow]) -> None:
    """All of them in one statement whose text does not depend on how many they are."""
    columns = {name: [getattr(row, name) for row in rows] for name in OfferRequestRow.__slots__}
    await session.execute(_INSERT, columns)


async def find_offer(session: AsyncSession, request_id: UUID, position: int) -> Row[Any] | None:
    """The offer at a position of a request, from 0."""
    parameters = {"request_id": request_id, "position": position}
    return (await session.execute(_FIND_OFFER, parameters)).one_or_none()


async def delete_old(session: AsyncSession, age: timedelta, limit: int) -> int:
    """Forget requests made longer than `age` ago, by the time in their keys; how many."""
    return await execute_and_count(session, _DELETE_OLD, {"age": age, "limit": limit})

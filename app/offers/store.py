"""Offer requests: written many at a time, read one offer at a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

# Rows come as one JSON document: written out once each where it is made, joined without being read again.
# Arrays of the same documents take psycopg 15 ms of CPU to escape for every 64 kB.
_INSERT = text("""
    insert into app.offer_requests (
        id, user_id, origin, destination, departure_date, cabin, passengers, offers,
        availability_as_of, created_at, expires_at, request_id, simulated
    )
    select
        id, user_id, origin, destination, departure_date, cabin, passengers, offers,
        availability_as_of, created_at, expires_at, request_id, simulated
    from jsonb_to_recordset(cast(:rows as jsonb)) as request (
        id uuid, user_id uuid, origin text, destination text, departure_date date, cabin text,
        passengers jsonb, offers jsonb, availability_as_of timestamptz, created_at timestamptz,
        expires_at timestamptz, request_id text, simulated boolean
    )
""")
_LIST_PICKED = text("""
    select
        request.id as request_id,
        asked.position,
        request.expires_at,
        cast(request.offers ->> 'version' as integer) as version,
        picked.pick,
        request.offers -> 'fares' -> (picked.pick ->> 1)::integer as fare,
        request.offers -> 'fx' as fx,
        (
            select jsonb_agg(request.offers -> 'slices' -> cast(place as integer) order by position)
            from jsonb_array_elements_text(
                case jsonb_typeof(picked.pick -> 0) when 'array' then picked.pick -> 0 end
            ) with ordinality as chosen (place, position)
        ) as slices
    from unnest(cast(:request_ids as uuid[]), cast(:positions as integer[])) as asked (request_id, position)
    join app.offer_requests as request on request.id = asked.request_id
    cross join lateral (
        select request.offers -> 'picks' -> asked.position as pick
    ) as picked
    where picked.pick is not null
""")
_FIND_OFFERS = text("""
    select expires_at, cast(offers ->> 'version' as integer) as version, offers
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


async def insert_offer_requests(session: AsyncSession, documents: Sequence[str]) -> None:
    """Rows as JSON objects, all in one statement."""
    await session.execute(_INSERT, {"rows": f"[{','.join(documents)}]"})


async def list_picked(session: AsyncSession, places: Sequence[tuple[UUID, int]]) -> Sequence[Row[Any]]:
    """The offers at these places, each a request and a position in it from 0, that are there."""
    parameters = {
        "request_ids": [request_id for request_id, _ in places],
        "positions": [position for _, position in places],
    }
    return (await session.execute(_LIST_PICKED, parameters)).all()


async def find_offers(session: AsyncSession, request_id: UUID) -> Row[Any] | None:
    """All the offers of a request as they are kept."""
    return (await session.execute(_FIND_OFFERS, {"request_id": request_id})).one_or_none()


async def delete_old(session: AsyncSession, age: timedelta, limit: int) -> int:
    """Forget requests made longer than `age` ago, by the time in their keys; how many."""
    return await execute_and_count(session, _DELETE_OLD, {"age": age, "limit": limit})

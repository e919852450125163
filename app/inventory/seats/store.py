"""Layouts and seat assignments: one statement each.

Who assigns seats on a flight first takes that flight's lock, in one order for several, and then decides on
what is committed. Whoever only gives seats back needs no lock but that of the rows themselves.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count, violated_constraint
from app.core.ids import uuid7
from app.inventory.seats.errors import InfantBlockTaken, SeatTaken
from app.inventory.seats.schemas import CabinLayout, ReleaseReason, SeatAssignment

_TAKEN_BY = {
    "seat_assignments_one_live_per_seat": SeatTaken,
    "seat_assignments_one_live_per_passenger": SeatTaken,
    "seat_assignments_one_infant_per_block": InfantBlockTaken,
}

_CAPACITIES = text("""
    select cabin, capacity from app.cabin_inventories where flight_id = :flight_id
""")
_FIND_LAYOUT = text("""
    select cabins from app.seat_layouts
    where aircraft_type = :aircraft_type and configuration = :configuration
""")
_INSERT_LAYOUT = text("""
    insert into app.seat_layouts (id, aircraft_type, configuration, cabins)
    values (:id, :aircraft_type, :configuration, cast(:cabins as jsonb))
    on conflict (aircraft_type, configuration) do nothing
""")
_LOCK_FLIGHTS = text("""
    select pg_advisory_xact_lock(key)
    from (
        select distinct hashtextextended('seats ' || flight_id, 0) as key
        from unnest(cast(:flight_ids as uuid[])) as flight (flight_id)
        order by key
    ) as ordered
""")
# A seat held for a payment that did not come in time is free, swept up or not.
_LIVE = "released_at is null and (held_until is null or held_until > :now)"
_LIST_LIVE = text(f"""
    select id, booking_id, passenger_id, flight_id, cabin, seat, assigned_at, held_until, infant_block
    from app.seat_assignments
    where flight_id = any(:flight_ids) and {_LIVE}
    order by id
""")
_LIST_OF_BOOKING = text(f"""
    select id, booking_id, passenger_id, flight_id, cabin, seat, assigned_at, held_until
    from app.seat_assignments
    where booking_id = :booking_id and {_LIVE}
    order by id
""")
# All or none. What stands in the way is named, and then nothing has changed.
_ASSIGN = text("""
    with wanted as materialized (
        select id, flight_id, passenger_id, cabin, seat, infant_block
        from unnest(
            cast(:ids as uuid[]),
            cast(:flight_ids as uuid[]),
            cast(:passenger_ids as uuid[]),
            cast(:cabins as text[]),
            cast(:seats as text[]),
            cast(:infant_blocks as text[])
        ) as wish (id, flight_id, passenger_id, cabin, seat, infant_block)
    ),
    live as materialized (
        select
            assignment.id,
            assignment.flight_id,
            assignment.seat,
            assignment.infant_block,
            coalesce(assignment.held_until <= :now, false) as is_dead,
            assignment.booking_id = :booking_id
            and assignment.passenger_id in (
                select passenger_id from wanted where wanted.flight_id = assignment.flight_id
            ) as moves
        from app.seat_assignments as assignment
        where assignment.flight_id in (select flight_id from wanted) and assignment.released_at is null
    ),
    in_the_way as materialized (
        select wanted.flight_id, wanted.seat, live.seat = wanted.seat as is_seat
        from wanted
        join live
            on live.flight_id = wanted.flight_id
            and (live.seat = wanted.seat or live.infant_block = wanted.infant_block)
        where not live.is_dead and not live.moves
    ),
    freed as (
        update app.seat_assignments as assignment
        set
            released_at = :now,
            release_reason = case when live.moves then 'changed' else 'expired' end,
            updated_at = now()
        from live
        where assignment.id = live.id
            and assignment.released_at is null
            and (live.moves or live.is_dead)
            and not exists (select from in_the_way)
        returning assignment.id
    ),
    kept as (
        insert into app.seat_assignments (
            id, booking_id, passenger_id, flight_id, cabin, seat, infant_block, held_until, assigned_at
        )
        select
            id,
            :booking_id,
            passenger_id,
            flight_id,
            cabin,
            seat,
            infant_block,
            (
                select max(hold.expires_at) from app.seat_holds as hold
                where hold.booking_id = :booking_id
                    and hold.flight_id = wanted.flight_id
                    and hold.released_at is null
            ),
            :now
        from wanted
        where not exists (select from in_the_way) and (select count(*) from freed) >= 0
        order by flight_id, seat
    )
    select flight_id, seat, is_seat from in_the_way order by is_seat desc, flight_id, seat
""")
_RELEASE = text("""
    update app.seat_assignments
    set released_at = :now, release_reason = :reason, updated_at = now()
    where id in (
        select id
        from app.seat_assignments
        where booking_id = :booking_id
            and released_at is null
            and (cast(:passenger_ids as uuid[]) is null or passenger_id = any(:passenger_ids))
            and (cast(:flight_id as uuid) is null or flight_id = :flight_id)
        order by id
        for update
    )
""")
_MOVE = text("""
    update app.seat_assignments
    set booking_id = :to_booking_id, updated_at = now()
    where booking_id = :from_booking_id and passenger_id = any(:passenger_ids)
""")
_RELEASE_IDS = text("""
    update app.seat_assignments
    set released_at = :now, release_reason = :reason, updated_at = now()
    where id = any(:ids) and released_at is null
""")
# What a sweep took away at the hold's time, the newest of each passenger and flight.
_LIST_EXPIRED = text("""
    select distinct on (passenger_id, flight_id) passenger_id, flight_id, cabin, seat, infant_block
    from app.seat_assignments as assignment
    where booking_id = :booking_id
        and not exists (
            select from app.seat_assignments as newer
            where newer.passenger_id = assignment.passenger_id
                and newer.flight_id = assignment.flight_id
                and newer.id > assignment.id
        )
        and (release_reason = 'expired' or (released_at is null and held_until <= :now))
    order by passenger_id, flight_id, id desc
""")
_KEEP = text("""
    update app.seat_assignments
    set held_until = null, updated_at = now()
    where booking_id = :booking_id and released_at is null and held_until is not null
""")


async def list_capacities(session: AsyncSession, flight_id: UUID) -> dict[str, int]:
    """Seats by cabin."""
    rows = await session.execute(_CAPACITIES, {"flight_id": flight_id})
    return {row.cabin: row.capacity for row in rows}


async def find_layout(
    session: AsyncSession, aircraft_type: str, configuration: str
) -> list[CabinLayout] | None:
    parameters = {"aircraft_type": aircraft_type, "configuration": configuration}
    cabins = await session.scalar(_FIND_LAYOUT, parameters)
    return None if cabins is None else [CabinLayout.model_validate(cabin) for cabin in cabins]


async def insert_layout(
    session: AsyncSession, aircraft_type: str, configuration: str, layout: Sequence[CabinLayout]
) -> int:
    """Keep a layout unless there is one; how many were kept."""
    cabins = json.dumps([cabin.model_dump(mode="json") for cabin in layout])
    return await execute_and_count(
        session,
        _INSERT_LAYOUT,
        {"id": uuid7(), "aircraft_type": aircraft_type, "configuration": configuration, "cabins": cabins},
    )


async def lock_flights_for_update(session: AsyncSession, flight_ids: Sequence[UUID]) -> None:
    """Let nobody else assign seats on these flights until the transaction ends. Locks no row."""
    await session.execute(_LOCK_FLIGHTS, {"flight_ids": list(flight_ids)})


async def list_live(session: AsyncSession, flight_ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_LIVE, {"flight_ids": list(flight_ids), "now": now})).all()


async def list_of_booking(session: AsyncSession, booking_id: UUID, now: datetime) -> list[SeatAssignment]:
    rows = await session.execute(_LIST_OF_BOOKING, {"booking_id": booking_id, "now": now})
    return [SeatAssignment(**row._mapping) for row in rows]


async def assign_for_update(
    session: AsyncSession, booking_id: UUID, rows: Sequence[dict[str, Any]], now: datetime
) -> Sequence[Row[Any]]:
    """Give the booking these seats, or name what is in the way and change nothing.

    `rows` hold flight_id, passenger_id, cabin, seat, infant_block. Raises SeatTaken, InfantBlockTaken when
    somebody else was faster than the look."""
    columns = ("flight_id", "passenger_id", "cabin", "seat", "infant_block")
    parameters: dict[str, Any] = {f"{name}s": [row[name] for row in rows] for name in columns}
    own = {"ids": [uuid7() for _ in rows], "booking_id": booking_id, "now": now}
    try:
        return (await session.execute(_ASSIGN, parameters | own)).all()
    except IntegrityError as error:
        refusal = _TAKEN_BY.get(violated_constraint(error) or "")
        if refusal is None:
            raise
        raise refusal() from error


async def release_for_update(
    session: AsyncSession,
    booking_id: UUID,
    passenger_ids: Sequence[UUID] | None,
    flight_id: UUID | None,
    reason: ReleaseReason,
    now: datetime,
) -> int:
    """Give back the booking's live seats, of all passengers and flights where none is named; how many."""
    return await execute_and_count(
        session,
        _RELEASE,
        {
            "booking_id": booking_id,
            "passenger_ids": None if passenger_ids is None else list(passenger_ids),
            "flight_id": flight_id,
            "reason": reason.value,
            "now": now,
        },
    )


async def move_for_update(
    session: AsyncSession, from_booking_id: UUID, to_booking_id: UUID, passenger_ids: Sequence[UUID]
) -> None:
    parameters = {
        "from_booking_id": from_booking_id,
        "to_booking_id": to_booking_id,
        "passenger_ids": list(passenger_ids),
    }
    await session.execute(_MOVE, parameters)


async def release_ids_for_update(
    session: AsyncSession, ids: Sequence[UUID], reason: ReleaseReason, now: datetime
) -> int:
    parameters = {"ids": list(ids), "reason": reason.value, "now": now}
    return await execute_and_count(session, _RELEASE_IDS, parameters)


async def list_expired(session: AsyncSession, booking_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """The seats a booking had when its hold died."""
    return (await session.execute(_LIST_EXPIRED, {"booking_id": booking_id, "now": now})).all()


async def keep_for_update(session: AsyncSession, booking_id: UUID) -> None:
    """What the booking still holds is its own without a time limit."""
    await session.execute(_KEEP, {"booking_id": booking_id})

"""The two statements that move seats: one takes them, one ends what was held.

Both lock the cabin rows first, in the order of their ids, and touch a hold only once its cabin is locked,
so no two movements can wait for each other in a circle. Whatever was decided about a row while waiting for
it is decided again on its newest version, because every later step reads the locked rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.inventory.schemas import CabinCounters, HoldOutcome, NewHold, SeatRequest

# Takes all that is asked, or nothing. In both cases the dead holds of the cabins it looked at are
# released and off the counters, so that the counters always equal the rows.
_TAKE = """
    with asked as materialized (
        select flight_id, cabin, fare_class, seats, hold_id, booking_id, expires_at
        from unnest(
            cast(:flight_ids as uuid[]),
            cast(:cabins as text[]),
            cast(:fare_classes as text[]),
            cast(:seats as integer[]),
            cast(:hold_ids as uuid[]),
            cast(:booking_ids as uuid[]),
            cast(:expires_at as timestamptz[])
        ) as request (flight_id, cabin, fare_class, seats, hold_id, booking_id, expires_at)
    ),
    wanted as materialized (
        select flight_id, cabin, fare_class, sum(seats)::integer as seats
        from asked
        group by flight_id, cabin, fare_class
    ),
    cabins as materialized (
        select id, flight_id, cabin, authorised, classes, limits, held, sold
        from app.cabin_inventories
        where (flight_id, cabin) in (select flight_id, cabin from wanted)
        order by id
        for update
    ),
    dead as (
        update app.seat_holds as hold
        set released_at = :now, outcome = 'expired'
        from cabins
        where hold.flight_id = cabins.flight_id
            and hold.cabin = cabins.cabin
            and hold.released_at is null
            and hold.expires_at <= :now
        returning cabins.id as cabin_inventory_id, hold.fare_class, hold.seats
    ),
    counters as materialized (
        select cabins.*, after.*
        from cabins
        cross join lateral (
            select
                array_agg(class.held - coalesce(freed.seats, 0) order by class.position) as held_freed,
                array_agg(
                    class.held - coalesce(freed.seats, 0) + {held_taken} order by class.position
                ) as held_taken,
                array_agg(class.sold + {sold_taken} order by class.position) as sold_taken,
                count(wanted.fare_class) as classes_found
            from unnest(cabins.classes, cabins.held, cabins.sold)
                with ordinality as class (code, held, sold, position)
            left join (
                select cabin_inventory_id, fare_class, sum(seats)::integer as seats
                from dead
                group by cabin_inventory_id, fare_class
            ) as freed
                on freed.cabin_inventory_id = cabins.id and freed.fare_class = class.code
            left join wanted
                on wanted.flight_id = cabins.flight_id
                and wanted.cabin = cabins.cabin
                and wanted.fare_class = class.code
        ) as after
    ),
    verdict as materialized (
        select
            coalesce(bool_and(app.inventory_is_sound(authorised, limits, held_taken, sold_taken)), false)
            and sum(classes_found) = (select count(*) from wanted) as granted
        from counters
    ),
    moved as (
        update app.cabin_inventories as inventory
        set
            held = case when verdict.granted then counters.held_taken else counters.held_freed end,
            sold = case when verdict.granted then counters.sold_taken else counters.sold end,
            updated_at = now()
        from counters
        cross join verdict
        where inventory.id = counters.id
            and (verdict.granted or counters.held_freed <> counters.held)
    )
    {hold}
    select
        coalesce(verdict.granted, false) as granted,
        counters.flight_id,
        counters.cabin,
        counters.classes,
        counters.limits,
        counters.held_freed as held,
        counters.sold
    from verdict
    left join counters on true
"""
_WANTED = "coalesce(wanted.seats, 0)"
_HOLD_SEATS = text(
    _TAKE.format(
        held_taken=_WANTED,
        sold_taken="0",
        hold="""
    , kept as (
        insert into app.seat_holds (
            id, booking_id, flight_id, cabin, fare_class, seats, created_at, expires_at
        )
        select hold_id, booking_id, flight_id, cabin, fare_class, seats, :now, expires_at
        from asked
        cross join verdict
        where verdict.granted
    )""",
    )
)
_SELL_SEATS = text(_TAKE.format(held_taken="0", sold_taken=_WANTED, hold=""))

# A sale needs every hold of the bookings alive at :now and ends all or none; any other end takes
# what is still open, dead or alive. The seats by number that were held as long go the same way: they
# are locked before the cabins, as whoever assigns seats and then takes others does.
_END_HOLDS = text("""
    with seats as materialized (
        select id
        from app.seat_assignments
        where booking_id = any(:booking_ids) and released_at is null and held_until is not null
        order by id
        for update
    ),
    cabins as materialized (
        select id, flight_id, cabin, classes, held, sold
        from app.cabin_inventories
        where (select count(*) from seats) >= 0
            and (flight_id, cabin) in (
                select flight_id, cabin from app.seat_holds where booking_id = any(:booking_ids)
            )
        order by id
        for update
    ),
    holds as materialized (
        select
            hold.id,
            cabins.id as cabin_inventory_id,
            hold.fare_class,
            hold.seats,
            hold.released_at is null as is_open,
            hold.expires_at > :now as is_in_time
        from cabins
        join app.seat_holds as hold on hold.flight_id = cabins.flight_id and hold.cabin = cabins.cabin
        where hold.booking_id = any(:booking_ids)
        for update of hold
    ),
    verdict as materialized (
        select coalesce(bool_and(:outcome <> 'sold' or (is_open and is_in_time)), false) as granted
        from holds
    ),
    ended as (
        update app.seat_holds as hold
        set released_at = :now, outcome = :outcome
        from holds
        cross join verdict
        where hold.id = holds.id and holds.is_open and verdict.granted
    ),
    seats_ended as (
        update app.seat_assignments as assignment
        set
            held_until = case when :outcome = 'sold' then null else assignment.held_until end,
            released_at = case when :outcome = 'sold' then null else cast(:now as timestamptz) end,
            release_reason = case when :outcome = 'sold' then null else cast(:outcome as text) end,
            updated_at = now()
        from seats
        cross join verdict
        where assignment.id = seats.id and verdict.granted
    ),
    counters as materialized (
        select cabins.id, cabins.held as held_before, after.*
        from cabins
        cross join lateral (
            select
                array_agg(class.held - coalesce(ending.seats, 0) order by class.position) as held,
                array_agg(
                    class.sold + case when :outcome = 'sold' then coalesce(ending.seats, 0) else 0 end
                    order by class.position
                ) as sold
            from unnest(cabins.classes, cabins.held, cabins.sold)
                with ordinality as class (code, held, sold, position)
            left join (
                select cabin_inventory_id, fare_class, sum(seats)::integer as seats
                from holds
                where is_open
                group by cabin_inventory_id, fare_class
            ) as ending
                on ending.cabin_inventory_id = cabins.id and ending.fare_class = class.code
        ) as after
    ),
    moved as (
        update app.cabin_inventories as inventory
        set held = counters.held, sold = counters.sold, updated_at = now()
        from counters
        cross join verdict
        where inventory.id = counters.id and verdict.granted and counters.held <> counters.held_before
    )
    select coalesce(sum(holds.seats) filter (where holds.is_open and verdict.granted), 0)
    from holds
    cross join verdict
""")


_EXTEND_HOLDS = text("""
    with extended as (
        update app.seat_holds
        set expires_at = :until
        where booking_id = :booking_id and released_at is null and expires_at > :now
        returning id
    ),
    seats as (
        update app.seat_assignments
        set held_until = :until, updated_at = now()
        where booking_id = :booking_id and released_at is null and held_until > :now
    )
    select count(*) from extended
""")
_SHRINK_HOLDS = text("""
    with cabins as materialized (
        select id, flight_id, cabin, classes, held
        from app.cabin_inventories
        where (flight_id, cabin) in (
            select flight_id, cabin from app.seat_holds
            where booking_id = :booking_id and released_at is null
        )
        order by id
        for update
    ),
    holds as materialized (
        select hold.id, cabins.id as cabin_inventory_id, hold.fare_class, hold.seats - :seats as freed
        from cabins
        join app.seat_holds as hold on hold.flight_id = cabins.flight_id and hold.cabin = cabins.cabin
        where hold.booking_id = :booking_id
            and hold.released_at is null
            and hold.expires_at > :now
            and hold.seats > :seats
        for update of hold
    ),
    shrunk as (
        update app.seat_holds as hold
        set seats = hold.seats - holds.freed
        from holds
        where hold.id = holds.id
    ),
    counters as materialized (
        select cabins.id, after.held
        from cabins
        cross join lateral (
            select array_agg(class.held - coalesce(less.freed, 0) order by class.position) as held
            from unnest(cabins.classes, cabins.held) with ordinality as class (code, held, position)
            left join (
                select cabin_inventory_id, fare_class, sum(freed)::integer as freed
                from holds
                group by cabin_inventory_id, fare_class
            ) as less
                on less.cabin_inventory_id = cabins.id and less.fare_class = class.code
        ) as after
    )
    update app.cabin_inventories as inventory
    set held = counters.held, updated_at = now()
    from counters
    where inventory.id = counters.id and inventory.held <> counters.held
""")
_LIST_COUNTERS = text("""
    select flight_id, cabin, classes, limits, held, sold
    from app.cabin_inventories
    where flight_id = any(:flight_ids)
""")


# Where no hold is dead, which is nearly always, the second part costs one look into an index.
_LIST_COUNTERS_AT = text("""
    select
        inventory.flight_id,
        inventory.cabin,
        inventory.classes,
        inventory.limits,
        case
            when dead.holds is null then inventory.held
            else array(
                select class.held - coalesce(cast(dead.holds ->> class.code as integer), 0)
                from unnest(inventory.classes, inventory.held) with ordinality as class (code, held, position)
                order by class.position
            )
        end as held,
        inventory.sold
    from app.cabin_inventories as inventory
    left join lateral (
        select jsonb_object_agg(by_class.fare_class, by_class.seats) as holds
        from (
            select hold.fare_class, sum(hold.seats) as seats
            from app.seat_holds as hold
            where hold.flight_id = inventory.flight_id
                and hold.cabin = inventory.cabin
                and hold.released_at is null
                and hold.expires_at <= :now
            group by hold.fare_class
        ) as by_class
    ) as dead on true
    where inventory.flight_id = any(:flight_ids)
""")


@dataclass(frozen=True, slots=True)
class Verdict:
    granted: bool
    cabins: list[CabinCounters]


async def list_counters(session: AsyncSession, flight_ids: Sequence[UUID]) -> list[CabinCounters]:
    """The cabins of these flights, dead holds and all."""
    rows = await session.execute(_LIST_COUNTERS, {"flight_ids": list(flight_ids)})
    return [CabinCounters(**row._mapping) for row in rows]


async def list_counters_at(
    session: AsyncSession, flight_ids: Collection[UUID], now: datetime
) -> list[CabinCounters]:
    """The cabins of these flights as they stand at `now`: without their dead holds. Locks nothing."""
    rows = await session.execute(_LIST_COUNTERS_AT, {"flight_ids": list(flight_ids), "now": now})
    return [CabinCounters(**row._mapping) for row in rows]


async def hold_seats_for_update(session: AsyncSession, holds: Sequence[NewHold], now: datetime) -> Verdict:
    """Put the seats of all on the held counters and write their holds, or do neither. Locks the cabins."""
    requests = [request for hold in holds for request in hold.requests]
    parameters = _parameters(requests, now) | {
        "booking_ids": [hold.booking_id for hold in holds for _ in hold.requests],
        "expires_at": [hold.expires_at for hold in holds for _ in hold.requests],
    }
    return _verdict((await session.execute(_HOLD_SEATS, parameters)).all())


async def sell_seats_for_update(
    session: AsyncSession, requests: Sequence[SeatRequest], now: datetime
) -> Verdict:
    """Put the seats on the sold counters; negative seats come back. Locks the cabin rows."""
    nobody = {"booking_ids": [None] * len(requests), "expires_at": [None] * len(requests)}
    return _verdict((await session.execute(_SELL_SEATS, _parameters(requests, now) | nobody)).all())


async def end_holds_for_update(
    session: AsyncSession, booking_ids: Sequence[UUID], outcome: HoldOutcome, now: datetime
) -> int:
    """End the bookings' holds with this outcome; the number of seats ended. Locks the cabin rows."""
    parameters = {"booking_ids": list(booking_ids), "outcome": outcome.value, "now": now}
    return int((await session.execute(_END_HOLDS, parameters)).scalar_one())


async def extend_holds_for_update(
    session: AsyncSession, booking_id: UUID, until: datetime, now: datetime
) -> int:
    """How many holds now last until `until`; the seats by number held with them do, too."""
    parameters = {"booking_id": booking_id, "until": until, "now": now}
    return int((await session.execute(_EXTEND_HOLDS, parameters)).scalar_one())


async def shrink_holds_for_update(session: AsyncSession, booking_id: UUID, seats: int, now: datetime) -> None:
    """Leave each live hold of the booking so many seats at most. Locks the cabin rows."""
    await session.execute(_SHRINK_HOLDS, {"booking_id": booking_id, "seats": seats, "now": now})


def _parameters(requests: Sequence[SeatRequest], now: datetime) -> dict[str, object]:
    return {
        "flight_ids": [request.flight_id for request in requests],
        "cabins": [request.cabin for request in requests],
        "fare_classes": [request.fare_class for request in requests],
        "seats": [request.seats for request in requests],
        "hold_ids": [uuid7() for _ in requests],
        "now": now,
    }


def _verdict(rows: Sequence[Row[Any]]) -> Verdict:
    """The statement gives a row per cabin, or a single row without a cabin when it found none."""
    cabins = [
        CabinCounters(row.flight_id, row.cabin, row.classes, row.limits, row.held, row.sold)
        for row in rows
        if row.flight_id is not None
    ]
    return Verdict(rows[0].granted, cabins)

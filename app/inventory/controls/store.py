"""Controls and their history: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current
from app.core.ids import uuid7
from app.inventory.controls.schemas import CabinState, NewControls

_COLUMNS = """
    id, flight_id, cabin, capacity, authorised, classes, limits, held, sold, version, updated_at
"""
_FIND = text(f"""
    select {_COLUMNS}
    from app.cabin_inventories
    where flight_id = any(:flight_ids)
    order by flight_id, id
""")
_LOCK = text(f"""
    select {_COLUMNS}
    from app.cabin_inventories
    where (flight_id, cabin) in (
        select flight_id, cabin
        from unnest(cast(:flight_ids as uuid[]), cast(:cabins as text[])) as wanted (flight_id, cabin)
    )
    order by id
    for update
""")
# A change, its line in the history and its event are one statement, for one cabin as for many.
_SET = text("""
    with changes as materialized (
        select
            change_id, event_id, id, capacity, authorised,
            string_to_array(limits, ',')::integer[] as limits
        from unnest(
            cast(:change_ids as uuid[]),
            cast(:event_ids as uuid[]),
            cast(:ids as uuid[]),
            cast(:capacities as integer[]),
            cast(:authorised as integer[]),
            cast(:limits as text[])
        ) as change (change_id, event_id, id, capacity, authorised, limits)
    ),
    before as materialized (
        select id, capacity, authorised, limits from app.cabin_inventories where id = any(:ids)
    ),
    after as (
        update app.cabin_inventories as inventory
        set
            capacity = changes.capacity,
            authorised = changes.authorised,
            limits = changes.limits,
            version = inventory.version + 1,
            updated_at = now()
        from changes
        where inventory.id = changes.id
        returning inventory.*, changes.change_id, changes.event_id
    ),
    told as (
        insert into app.domain_events (
            id, type, entity_type, entity_id, payload, occurred_at, request_id, simulated
        )
        select
            after.event_id,
            :event_type,
            'flight',
            after.flight_id,
            jsonb_build_object(
                'flight_id', after.flight_id,
                'cabin', after.cabin,
                'version', after.version,
                'capacity', after.capacity,
                'authorised', after.authorised,
                'classes', to_jsonb(after.classes),
                'limits', to_jsonb(after.limits),
                'authorised_before', before.authorised,
                'limits_before', to_jsonb(before.limits)
            ),
            :now,
            :request_id,
            :simulated
        from after
        join before on before.id = after.id
    )
    insert into app.control_changes (
        id, cabin_inventory_id, flight_id, cabin, version, classes, capacity_before, capacity_after,
        authorised_before, authorised_after, limits_before, limits_after, reason, changed_by, changed_at,
        request_id
    )
    select
        after.change_id, after.id, after.flight_id, after.cabin, after.version, after.classes,
        before.capacity, after.capacity, before.authorised, after.authorised, before.limits, after.limits,
        :reason, :changed_by, :now, :request_id
    from after
    join before on before.id = after.id
""")
_LIST_CHANGES = """
    select
        id, cabin, version, classes, capacity_before, capacity_after, authorised_before, authorised_after,
        limits_before, limits_after, reason, changed_by, changed_at, request_id
    from app.control_changes
    where flight_id = :flight_id and (cast(:place as uuid) is null or id {beyond} :place)
    order by id {direction}
    limit :limit
"""
_LIST_CHANGES_BACK = text(_LIST_CHANGES.format(beyond=">", direction="asc"))
_LIST_CHANGES_ON = text(_LIST_CHANGES.format(beyond="<", direction="desc"))


async def find_cabins(session: AsyncSession, flight_ids: Sequence[UUID]) -> list[CabinState]:
    rows = await session.execute(_FIND, {"flight_ids": list(flight_ids)})
    return [CabinState(**row._mapping) for row in rows]


async def lock_cabins_for_update(
    session: AsyncSession, wanted: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], CabinState]:
    """The cabins that there are of these. Locks them in the order of their ids."""
    parameters = {"flight_ids": [flight for flight, _ in wanted], "cabins": [cabin for _, cabin in wanted]}
    rows = await session.execute(_LOCK, parameters)
    return {(row.flight_id, row.cabin): CabinState(**row._mapping) for row in rows}


async def set_controls_and_tell(
    session: AsyncSession,
    event_type: str,
    changes: Sequence[tuple[CabinState, int, NewControls]],
    reason: str,
    changed_by: str,
    now: datetime,
) -> None:
    """Give locked cabins a capacity and controls, write down what each had before, and tell it."""
    context = current()
    await session.execute(
        _SET,
        {
            "change_ids": [uuid7() for _ in changes],
            "event_ids": [uuid7() for _ in changes],
            "ids": [cabin.id for cabin, _, _ in changes],
            "capacities": [capacity for _, capacity, _ in changes],
            "authorised": [controls.authorised for _, _, controls in changes],
            "limits": [",".join(map(str, controls.limits)) for _, _, controls in changes],
            "event_type": event_type,
            "reason": reason,
            "changed_by": changed_by,
            "now": now,
            "request_id": context.request_id,
            "simulated": context.is_simulated,
        },
    )


async def list_changes(
    session: AsyncSession, flight_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[Row[Any]]:
    """The newest first, beyond a place; backwards from it, the nearest to it first."""
    parameters = {"flight_id": flight_id, "place": place, "limit": limit}
    statement = _LIST_CHANGES_BACK if is_backwards else _LIST_CHANGES_ON
    return (await session.execute(statement, parameters)).all()

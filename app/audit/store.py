"""The audit log's statements, one a function."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

_COLUMNS = """
    audit_entries.id, kind, action, entity_type, entity_id, actor_kind, actor_id, actor_name, actor_roles,
    before, after, reason, request_id, ip_hash, occurred_at, recorded_at, simulated
"""

_INSERT = text("""
    insert into app.audit_entries (
        id, kind, action, entity_type, entity_id, actor_kind, actor_id, actor_name, actor_roles,
        before, after, reason, request_id, ip_hash, occurred_at, simulated
    ) values (
        :id, :kind, :action, :entity_type, :entity_id, :actor_kind, :actor_id, :actor_name, :actor_roles,
        :before, :after, :reason, :request_id, :ip_hash,
        coalesce(cast(:occurred_at as timestamptz), transaction_timestamp()), :simulated
    )
""").bindparams(
    bindparam("before", type_=JSONB(none_as_null=True)), bindparam("after", type_=JSONB(none_as_null=True))
)
_TRY_SEAL_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('audit_chain', 0))")
_LAST_LINK = text("""
    select audit_chain.position, audit_chain.digest, audit_entries.recorded_at
    from app.audit_chain
    join app.audit_entries on audit_entries.id = audit_chain.entry_id
    order by audit_chain.position desc
    limit 1
""")
# A transaction may commit behind a younger one, by seconds; an hour before the newest sealed entry
# is searched again, and no further, so that sealing costs the same in every year of the log.
_UNSEALED = text(f"""
    select {_COLUMNS}
    from app.audit_entries
    where (cast(:sealed_to as timestamptz) is null
            or audit_entries.id >= app.uuid_floor(cast(:sealed_to as timestamptz) - interval '1 hour'))
        and not exists (select 1 from app.audit_chain where audit_chain.entry_id = audit_entries.id)
    order by audit_entries.id
    limit :limit
""")
_COUNT_UNSEALED = text("""
    select count(*) from app.audit_entries
    where id >= app.uuid_floor(coalesce(
            (
                select recorded_at - interval '1 hour' from app.audit_entries as sealed
                join app.audit_chain on audit_chain.entry_id = sealed.id
                order by audit_chain.position desc limit 1
            ),
            timestamptz '2000-01-01T00:00:00Z'
        ))
        and not exists (select 1 from app.audit_chain where audit_chain.entry_id = audit_entries.id)
""")
_INSERT_LINKS = text("""
    insert into app.audit_chain (position, entry_id, digest) values (:position, :entry_id, :digest)
""")

_FIND = text(f"""
    select {_COLUMNS}, audit_chain.position, audit_chain.digest, audit_chain.sealed_at
    from app.audit_entries
    left join app.audit_chain on audit_chain.entry_id = audit_entries.id
    where audit_entries.id = :id
""")
# An id is made moments before its row is recorded; the hour only lets Postgres leave out whole months.
_WITHIN = """
    (cast(:begins as timestamptz) is null or (
        audit_entries.id >= app.uuid_floor(cast(:begins as timestamptz) - interval '1 hour')
        and recorded_at >= :begins))
    and (cast(:ends as timestamptz) is null or (
        audit_entries.id < app.uuid_floor(cast(:ends as timestamptz) + interval '1 hour')
        and recorded_at < :ends))
"""
_SEARCH = f"""
    select {_COLUMNS}
    from app.audit_entries
    where {_WITHIN}
        and (cast(:first as uuid) is null or audit_entries.id >= :first)
        and (cast(:past as uuid) is null or audit_entries.id < :past)
        and (cast(:kind as text) is null or kind = :kind)
        and (cast(:action as text) is null or action = :action)
        and (cast(:entity_type as text) is null or entity_type = :entity_type)
        and (cast(:entity_id as text) is null or entity_id = :entity_id)
        and (cast(:actor_id as uuid) is null or actor_id = :actor_id)
        and (cast(:actor_name as text) is null or actor_name = :actor_name)
        and (cast(:words as text) is null or words @@ (
            websearch_to_tsquery('english', :words) || websearch_to_tsquery('simple', :words)))
"""
_SEARCH_ON = text(f"""
    {_SEARCH} and (cast(:place as uuid) is null or audit_entries.id < :place)
    order by audit_entries.id desc limit :limit
""")
_SEARCH_BACK = text(f"""
    {_SEARCH} and audit_entries.id > :place order by audit_entries.id limit :limit
""")
# By the index of words alone, in no order: cheap for what is rare, however long the log is. When `found` has
# reached the limit, there are more, and these are not the newest of them.
_BY_INDEX = """
    with matching as materialized ({search} limit :most)
    select page.*, counted.found
    from (select count(*) as found from matching) as counted
    left join (select * from matching where {place} order by id {order} limit :limit) as page on true
    order by page.id {order}
"""
_FEW_ON = text(
    _BY_INDEX.format(search=_SEARCH, place="cast(:place as uuid) is null or id < :place", order="desc")
)
_FEW_BACK = text(_BY_INDEX.format(search=_SEARCH, place="id > :place", order="asc"))
# What of a question the index can be asked: nothing of one without words, or with excluded words alone.
_ASKABLE = text("""
    select querytree(websearch_to_tsquery('english', :words) || websearch_to_tsquery('simple', :words))
""")
_ENDS = text("""
    select
        (select id from app.audit_entries order by id limit 1) as oldest,
        (select id from app.audit_entries order by id desc limit 1) as newest
""")
# Which ways Postgres may take, in this transaction: without them it guesses how many entries words fit.
_WAYS = text("""
    select set_config('enable_seqscan', :in_any_order, true), set_config('enable_sort', :in_any_order, true),
        set_config('enable_indexscan', :in_order, true), set_config('enable_bitmapscan', :by_words, true)
""")
_ANY_WAY = {"in_any_order": "on", "in_order": "on", "by_words": "on"}
_BY_WORDS = {"in_any_order": "off", "in_order": "off", "by_words": "on"}
_IN_ORDER = {"in_any_order": "off", "in_order": "on", "by_words": "off"}
_COUNT_ACTIONS = text(f"""
    select action, kind, count(*) as entries, count(distinct actor_id) as actors
    from app.audit_entries
    where {_WITHIN}
    group by action, kind
    order by action, kind
""")
_LIST_ACTIONS = text(f"""
    select {_COLUMNS}
    from app.audit_entries
    where {_WITHIN} and action = any(:actions)
    order by audit_entries.id
    limit :limit
""")
_LIST_LINKS = text(f"""
    select audit_chain.position, audit_chain.digest, audit_chain.entry_id, {_COLUMNS}
    from app.audit_chain
    left join app.audit_entries on audit_entries.id = audit_chain.entry_id
    where audit_chain.position > :after and (cast(:ends as timestamptz) is null or sealed_at < :ends)
    order by audit_chain.position
    limit :limit
""")
_LINK_BEFORE = text("""
    select coalesce(max(position), 0) from app.audit_chain
    where position < (select min(position) from app.audit_chain where sealed_at >= :moment)
""")
_DIGEST_AT = text("select digest from app.audit_chain where position = :position")
# The one entity under which every head of the chain is told to the stream.
_FALSE_ANCHORS = text("""
    select
        count(*) as anchors,
        min(cast(payload ->> 'position' as bigint)) filter (
            where audit_chain.digest is null or encode(audit_chain.digest, 'hex') <> payload ->> 'digest'
        ) as first_false
    from app.domain_events
    left join app.audit_chain on audit_chain.position = cast(payload ->> 'position' as bigint)
    where domain_events.entity_type = 'audit_chain' and domain_events.entity_id = :chain
""")


async def insert_entries(session: AsyncSession, entries: Sequence[dict[str, Any]]) -> None:
    await session.execute(_INSERT, entries)


async def try_lock_chain(session: AsyncSession) -> bool:
    """Whether this transaction is the one that seals now."""
    return bool(await session.scalar(_TRY_SEAL_LOCK))


async def find_last_link(session: AsyncSession) -> Row[Any] | None:
    """(position, digest, recorded_at of its entry)"""
    return (await session.execute(_LAST_LINK)).one_or_none()


async def list_unsealed(session: AsyncSession, sealed_to: Any, limit: int) -> Sequence[Row[Any]]:
    """Entries without a link, oldest first."""
    return (await session.execute(_UNSEALED, {"sealed_to": sealed_to, "limit": limit})).all()


async def count_unsealed(session: AsyncSession) -> int:
    """How many entries the chain has not reached yet."""
    return int(await session.scalar(_COUNT_UNSEALED) or 0)


async def insert_links(session: AsyncSession, links: list[dict[str, Any]]) -> None:
    await session.execute(_INSERT_LINKS, links)


async def find_entry(session: AsyncSession, entry_id: UUID) -> Row[Any] | None:
    """An entry, and (position, digest, sealed_at) of its link, if it has one."""
    return (await session.execute(_FIND, {"id": entry_id})).one_or_none()


async def search_entries(
    session: AsyncSession, asked: dict[str, Any], place: UUID | None, limit: int, is_backwards: bool
) -> Sequence[Row[Any]]:
    """What fits every part of `asked` that is not None, the newest first; backwards the oldest first."""
    statement = _SEARCH_BACK if is_backwards else _SEARCH_ON
    return (await session.execute(statement, asked | {"place": place, "limit": limit})).all()


async def search_few(
    session: AsyncSession,
    asked: dict[str, Any],
    place: UUID | None,
    limit: int,
    is_backwards: bool,
    most: int,
) -> Sequence[Row[Any]]:
    """The same of words that fewer than `most` entries fit. Every row has `found`, which is `most` when more
    do; where nothing lies beyond `place` there is one row without an entry."""
    await session.execute(_WAYS, _BY_WORDS)
    statement = _FEW_BACK if is_backwards else _FEW_ON
    rows = (await session.execute(statement, asked | {"place": place, "limit": limit, "most": most})).all()
    await session.execute(_WAYS, _ANY_WAY)
    return rows


async def search_many(
    session: AsyncSession, asked: dict[str, Any], place: UUID | None, limit: int, is_backwards: bool
) -> Sequence[Row[Any]]:
    """The same of words that many entries fit: row by row in order, until there are enough."""
    await session.execute(_WAYS, _IN_ORDER)
    rows = await search_entries(session, asked, place, limit, is_backwards)
    await session.execute(_WAYS, _ANY_WAY)
    return rows


async def find_askable(session: AsyncSession, words: str) -> str:
    """The part of a question that the index of words answers: empty when there are no words, T when all are
    excluded ones."""
    return str(await session.scalar(_ASKABLE, {"words": words}))


async def find_ends(session: AsyncSession) -> Row[Any]:
    """(oldest, newest): the ids the log begins and ends with, null when it is empty."""
    return (await session.execute(_ENDS)).one()


async def count_actions(session: AsyncSession, begins: datetime, ends: datetime) -> Sequence[Row[Any]]:
    """(action, kind, entries, actors)"""
    return (await session.execute(_COUNT_ACTIONS, {"begins": begins, "ends": ends})).all()


async def list_actions(
    session: AsyncSession, begins: datetime, ends: datetime, actions: list[str], limit: int
) -> Sequence[Row[Any]]:
    """Entries with one of these actions, the oldest first."""
    period = {"begins": begins, "ends": ends, "actions": actions, "limit": limit}
    return (await session.execute(_LIST_ACTIONS, period)).all()


async def list_links(
    session: AsyncSession, after: int, ends: datetime | None, limit: int
) -> Sequence[Row[Any]]:
    """Links beyond a position, in order, each with its entry; `id` is null when the entry is gone."""
    return (await session.execute(_LIST_LINKS, {"after": after, "ends": ends, "limit": limit})).all()


async def find_position_before(session: AsyncSession, moment: datetime) -> int | None:
    """The place of the last link sealed before `moment`; None when nothing was sealed since."""
    found: int | None = await session.scalar(_LINK_BEFORE, {"moment": moment})
    return found


async def find_digest(session: AsyncSession, position: int) -> bytes | None:
    digest = await session.scalar(_DIGEST_AT, {"position": position})
    return None if digest is None else bytes(digest)


async def compare_anchors(session: AsyncSession, chain: UUID) -> Row[Any]:
    """(anchors, first_false): how many heads were told, and the place of the first the chain denies."""
    return (await session.execute(_FALSE_ANCHORS, {"chain": chain})).one()

"""Find who did what: by entity, actor, action, time and words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import rules, store
from app.audit.errors import AuditEntryNotFound
from app.audit.schemas import Actor, ActorKind, AuditEntry, AuditEntryDetail, ChainLink, Kind
from app.core.pages import Page, Window, page_of, unknown_place

# So many rows are fetched and sorted in some 20 ms; words that more rows of a month have are met often when
# the month is read in order.
FEW = 2_000
NO_WORDS, EXCLUDED_ONLY = "", "T"
PUBLIC_ID = re.compile(r"^[a-z]{3}_[0-9a-f]{32}$")


@dataclass(frozen=True)
class Question:
    """What is looked for; every part that is not None has to fit."""

    kind: Kind | None = None
    action: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    actor: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    words: str | None = None


async def search(session: AsyncSession, question: Question, window: Window) -> Page[AuditEntry]:
    """Entries, the newest first."""
    place = None
    if window.place is not None:
        try:
            place = UUID(window.place)
        except ValueError:
            raise unknown_place("before" if window.is_backwards else "after") from None
    search_by = store.search_entries if question.words is None else _search_words
    rows = await search_by(session, _asked(question), place, window.limit + 1, window.is_backwards)
    return page_of([entry_of(row) for row in rows], window, [str(row.id) for row in rows])


async def _search_words(
    session: AsyncSession, asked: dict[str, Any], place: UUID | None, limit: int, is_backwards: bool
) -> Sequence[Row[Any]]:
    """What few entries fit comes from the index of words; what many do, month by month until it is enough.

    Left to itself Postgres takes a word it has no statistics of for a frequent one, and reads the whole log
    in order for a page that never fills."""
    askable = await store.find_askable(session, asked["words"])
    if askable == NO_WORDS:
        return []
    if askable == EXCLUDED_ONLY:
        return await store.search_many(session, asked, place, limit, is_backwards)
    rows: list[Row[Any]] = []
    for number, (first, past) in enumerate(await _months(session, place, is_backwards)):
        if number == 1:
            # The nearest month did not fill the page: the words may be so rare that no other will either.
            found, is_all = await _few(session, asked, place, limit, is_backwards)
            if is_all:
                return found
        bounded, missing = asked | {"first": first, "past": past}, limit - len(rows)
        found, is_all = await _few(session, bounded, place, missing, is_backwards)
        if not is_all:
            found = await store.search_many(session, bounded, place, missing, is_backwards)
        rows += found
        if len(rows) >= limit:
            break
    return rows


async def _few(
    session: AsyncSession, asked: dict[str, Any], place: UUID | None, limit: int, is_backwards: bool
) -> tuple[Sequence[Row[Any]], bool]:
    """What the index finds, and whether that is all there is."""
    rows = await store.search_few(session, asked, place, limit, is_backwards, FEW)
    return [row for row in rows if row.id is not None], rows[0].found < FEW


async def _months(session: AsyncSession, place: UUID | None, is_backwards: bool) -> list[tuple[UUID, UUID]]:
    """The months of the log beyond `place`, as (first id, first id after), in the order they are read in."""
    ends = await store.find_ends(session)
    if ends.oldest is None:
        return []
    oldest, newest = rules.moment_of(ends.oldest), rules.moment_of(ends.newest) + timedelta(milliseconds=1)
    if place is not None:
        beside = rules.moment_of(place)
        if is_backwards:
            oldest = max(oldest, beside)
        else:
            newest = min(newest, beside + timedelta(milliseconds=1))
    months = [(rules.floor_of(a), rules.floor_of(b)) for a, b in rules.months_between(oldest, newest)]
    return months if is_backwards else months[::-1]


async def get_entry(session: AsyncSession, entry_id: UUID) -> AuditEntryDetail:
    """One entry and its place in the chain. Raises AuditEntryNotFound."""
    found = await store.find_entry(session, entry_id)
    if found is None:
        raise AuditEntryNotFound()
    link = None
    if found.position is not None:
        digest = bytes(found.digest).hex()
        link = ChainLink(position=found.position, digest=digest, sealed_at=found.sealed_at)
    return AuditEntryDetail(**dict(entry_of(found)), sealed=link)


def entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        kind=Kind(row.kind),
        action=row.action,
        entity_type=row.entity_type,
        entity_id=rules.public_id(row.entity_type, row.entity_id),
        actor=Actor(
            kind=ActorKind(row.actor_kind),
            user_id=row.actor_id,
            name=row.actor_name,
            roles=row.actor_roles,
        ),
        before=row.before,
        after=row.after,
        reason=row.reason,
        request_id=row.request_id,
        ip_hash=row.ip_hash,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        simulated=row.simulated,
    )


def _asked(question: Question) -> dict[str, Any]:
    actor = question.actor
    is_user = actor is not None and actor.startswith("usr_") and PUBLIC_ID.match(actor) is not None
    return {
        "kind": question.kind,
        "action": question.action,
        "entity_type": question.entity_type,
        "entity_id": _key(question.entity_id),
        "actor_id": UUID(hex=actor.removeprefix("usr_")) if is_user and actor else None,
        "actor_name": None if is_user else actor,
        "begins": question.begins,
        "ends": question.ends,
        "words": question.words,
        "first": None,
        "past": None,
    }


def _key(entity_id: str | None) -> str | None:
    """The key behind a public id; anything else is looked for as it is, such as a setting's name."""
    if entity_id is None or PUBLIC_ID.match(entity_id) is None:
        return entity_id
    return str(UUID(hex=entity_id.partition("_")[2]))

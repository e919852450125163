"""Seal the log, and prove that it is still what it was."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import rules, store
from app.audit.schemas import ChainReport
from app.core import events

SEAL_BATCH = 1_000
# Some 30 ms of hashing at a time; in between, the process serves others.
VERIFY_BATCH = 1_000
# The chain as an entity of its events: there is one.
CHAIN = UUID(int=1)


async def seal(session: AsyncSession, limit: int = SEAL_BATCH) -> int:
    """Chain up to `limit` entries that are not in the chain yet, and tell the stream its new head.

    Apart from writing: a chain kept by the writers would make one queue of all of them. The head leaves
    with capture, so whoever rewrites the whole chain here is contradicted by the lake."""
    if not await store.try_lock_chain(session):
        return 0
    last = await store.find_last_link(session)
    position, digest = (last.position, bytes(last.digest)) if last else (0, rules.GENESIS)
    links = []
    for entry in await store.list_unsealed(session, last.recorded_at if last else None, limit):
        position, digest = position + 1, rules.digest_of(digest, entry._asdict())
        links.append({"position": position, "entry_id": entry.id, "digest": digest})
    if links:
        await store.insert_links(session, links)
        head = {"position": position, "digest": digest.hex()}
        await events.record(session, "AuditSealed", "audit_chain", CHAIN, head)
    return len(links)


async def verify(
    session: AsyncSession, begins: datetime | None = None, ends: datetime | None = None
) -> ChainReport:
    """Compute every digest sealed in the period again, all of them by default, and compare the heads."""
    position = await store.find_position_before(session, begins) if begins is not None else 0
    if position is None:
        return await _report(session, 0, 0, rules.GENESIS, None)
    digest = rules.GENESIS
    if position:
        digest = await store.find_digest(session, position) or rules.GENESIS
    checked, problem = 0, None
    while problem is None:
        links = await store.list_links(session, position, ends, VERIFY_BATCH)
        for link in links:
            problem = _problem_of(position, digest, link.position, link)
            if problem is not None:
                break
            position, digest, checked = link.position, bytes(link.digest), checked + 1
        if len(links) < VERIFY_BATCH:
            break
    return await _report(session, checked, position, digest, problem)


def _problem_of(before: int, previous: bytes, position: int, link: Row[Any]) -> str | None:
    if position != before + 1:
        return f"links {before + 1} to {position - 1} are missing"
    if link.id is None:
        return f"the entry of link {position} is missing"
    if rules.digest_of(previous, link._asdict()) != bytes(link.digest):
        return f"the entry of link {position} is not what was sealed"
    return None


async def _report(
    session: AsyncSession, checked: int, position: int, digest: bytes, problem: str | None
) -> ChainReport:
    anchors = await store.compare_anchors(session, CHAIN)
    if problem is None and anchors.first_false is not None:
        problem = f"link {anchors.first_false} is not the one whose head was told"
    return ChainReport(
        ok=problem is None,
        links_checked=checked,
        anchors_checked=anchors.anchors,
        unsealed=await store.count_unsealed(session),
        head_position=position,
        head_digest=digest.hex() if position else None,
        problem=problem,
    )

"""Words in the audit log are found the same way by their index, month by month, and in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import search_service
from app.audit.search_service import Question
from app.core.db import engine
from app.core.pages import Window

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

ENTRIES = 90
# Over two months and more, of which every third entry says heron and every ninth osprey.
_ADD = text("""
    insert into app.audit_entries (id, kind, action, entity_type, actor_kind, reason, request_id, occurred_at)
    select
        cast(overlay(
            cast(app.uuid_floor(now() - n * interval '19 hours') as text)
            placing '7000-8000-' || lpad(to_hex(n), 12, '0') from 15
        ) as uuid),
        'change', 'bird.seen', 'bird', 'system',
        case when n % 9 = 0 then 'an osprey and a heron' when n % 3 = 0 then 'a heron' else 'a wagtail' end,
        'test', now()
    from generate_series(1, :entries) as n
""")


@asynccontextmanager
async def birds() -> AsyncIterator[AsyncSession]:
    """A log of birds, in a transaction that is rolled back."""
    async with AsyncSession(engine()) as session:
        await session.execute(_ADD, {"entries": ENTRIES})
        yield session
        await session.rollback()


async def ids_of(session: AsyncSession, words: str, limit: int = 7) -> list[str]:
    """All pages one after the other, forwards."""
    found: list[str] = []
    place = None
    while True:
        page = await search_service.search(session, Question(words=words), Window(limit, place, False))
        found += [str(entry.id) for entry in page.data]
        if len(page.data) < limit:
            return found
        place = found[-1]


@pytest.mark.parametrize("few", [1, 4, 2_000])
@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("osprey", 10),
        ("heron", 30),
        ("herons", 30),
        ("heron -osprey", 20),
        ("wagtail or osprey", 70),
        ("kestrel", 0),
    ],
)
async def test_every_match_is_on_one_page_however_it_is_found(
    monkeypatch: pytest.MonkeyPatch, few: int, words: str, count: int
) -> None:
    """With the limit of the index at 1 and 4 the months are read in order; at 2,000 the index says it all."""
    monkeypatch.setattr(search_service, "FEW", few)
    async with birds() as session:
        found = await ids_of(session, words)

    assert len(found) == count
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == count


async def test_pages_backwards_meet_those_forwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_service, "FEW", 4)
    async with birds() as session:
        all_of_them = await ids_of(session, "heron")
        page = await search_service.search(session, Question(words="heron"), Window(5, all_of_them[12], True))

    assert [str(entry.id) for entry in page.data] == all_of_them[7:12]


async def test_words_that_say_nothing_find_nothing() -> None:
    async with birds() as session:
        assert await ids_of(session, " ") == []
        excluded = await search_service.search(session, Question(words="-heron"), Window(5, None, False))

    assert len(excluded.data) == 5

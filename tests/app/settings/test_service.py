"""What a setting says at a moment, asked of the database."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import transaction
from app.settings import service
from app.settings.registry import CHECKOUT_HOLD

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

INSERT = text("""
    insert into app.setting_versions (kind, key, version, environment, value, effective_from, reason)
    values ('setting', :key, :version, :environment, cast(:value as jsonb), :effective_from, 'tried')
""")


class Enough(Exception):
    """Ends a transaction of which nothing shall stay."""


async def say(session: AsyncSession, version: int, value: str, begins: object, of: str = "all") -> None:
    await session.execute(
        INSERT,
        {
            "key": CHECKOUT_HOLD.key,
            "version": version,
            "environment": of,
            "value": value,
            "effective_from": begins,
        },
    )


async def test_setting_is_its_default_until_something_is_said() -> None:
    async with transaction() as session:
        assert await service.get(session, CHECKOUT_HOLD) == timedelta(minutes=15)


async def test_setting_follows_business_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked of the database: what a process remembers does not hold what is not committed."""
    monkeypatch.setattr("app.settings.memory.current", lambda: None)
    with contextlib.suppress(Enough):
        async with transaction() as session:
            now = await clock.now(session)
            await say(session, 1, '"PT20M"', now)
            await say(session, 2, '"PT30M"', now + timedelta(days=1))
            await say(session, 3, '"PT40M"', now, "production")

            assert await service.get(session, CHECKOUT_HOLD) == timedelta(minutes=20)
            for days, minutes in ((-1, 15), (0, 20), (1, 30)):
                at = now + timedelta(days=days)
                assert await service.get(session, CHECKOUT_HOLD, at=at) == timedelta(minutes=minutes)
            raise Enough

"""What holds now: settings and flags by business time, from memory while this process is told of changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import get_settings
from app.core.errors import DomainError
from app.core.security import Caller
from app.settings import memory, rules, store
from app.settings.definitions import Flag, Setting
from app.settings.errors import FeatureOff
from app.settings.provider import AT, ROLES, client
from app.settings.rules import Version
from app.settings.schemas import Kind

Value = TypeVar("Value")


async def get(session: AsyncSession, setting: Setting[Value], *, at: datetime | None = None) -> Value:
    """What `setting` says at business time (or at `at`, which saves asking for it), in this environment."""
    versions = await _versions(session, setting.key)
    if not versions:
        return setting.default
    found = rules.in_effect(versions, get_settings().environment, at or await clock.now(session))
    return setting.default if found is None else setting.read(found.value)


async def is_on(
    session: AsyncSession, flag: Flag, caller: Caller | None = None, *, at: datetime | None = None
) -> bool:
    """Whether a flag is on for this caller, at business time, in this environment."""
    snapshot = memory.current() or await memory.read(session)
    if not snapshot.of(Kind.FLAG, flag.key):
        return flag.default
    with memory.lent(snapshot):
        context = _context(caller, at or await clock.now(session))
        return client().get_boolean_value(flag.key, flag.default, context)


async def require(
    session: AsyncSession,
    flag: Flag,
    caller: Caller | None = None,
    *,
    at: datetime | None = None,
    refusal: type[DomainError] = FeatureOff,
) -> None:
    """Raises FeatureOff, or `refusal`, unless the flag is on for this caller."""
    if not await is_on(session, flag, caller, at=at):
        raise refusal(f"switched off: {flag.title[0].lower()}{flag.title[1:]}")


def _context(caller: Caller | None, at: datetime) -> EvaluationContext:
    if caller is None:
        return EvaluationContext(attributes={AT: at})
    return EvaluationContext(caller.subject, {AT: at, ROLES: [str(role) for role in caller.roles]})


def ask(key: str, caller: Caller | None, at: datetime) -> FlagEvaluationDetails[bool]:
    """A flag with the reason for its answer. Only inside of `memory.lent`, or while memory is fresh."""
    return client().get_boolean_details(key, False, _context(caller, at))


async def _versions(session: AsyncSession, key: str) -> Sequence[Version]:
    snapshot = memory.current()
    if snapshot is not None:
        return snapshot.of(Kind.SETTING, key)
    return [memory.version_of(row) for row in await store.list_versions_of(session, Kind.SETTING, key)]

"""Administrators' side of settings and flags: what there is, what was said when, and saying something new."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import clock
from app.core.config import get_settings
from app.core.etags import Expected
from app.core.security import Caller
from app.settings import memory, rules, schemas, store
from app.settings.definitions import Setting
from app.settings.errors import EffectiveInThePast, FlagExists, FlagNotFound, SettingNotFound, ValueInvalid
from app.settings.registry import FLAGS, SETTINGS
from app.settings.rules import Version
from app.settings.schemas import Kind, Scope
from app.settings.service import ask


async def list_settings(session: AsyncSession, as_of: datetime | None) -> schemas.SettingList:
    """Every setting the code knows, with what held at `as_of`."""
    at, snapshot = as_of or await clock.now(session), await memory.read(session)
    settings = [_setting(each, snapshot.of(Kind.SETTING, each.key), at) for each in SETTINGS.values()]
    return schemas.SettingList(
        environment=Scope(get_settings().environment), as_of=at, data=sorted(settings, key=lambda s: s.key)
    )


async def get_setting(session: AsyncSession, key: str) -> schemas.SettingDetail:
    """Raises SettingNotFound."""
    definition = _definition(key)
    versions = await _versions(session, Kind.SETTING, key)
    shown = _setting(definition, versions, await clock.now(session))
    return schemas.SettingDetail(**dict(shown), history=_entries(versions))


async def change_setting(
    session: AsyncSession, caller: Caller, key: str, change: schemas.SettingChange, expected: Expected
) -> schemas.SettingDetail:
    """Say what holds from a moment on. Raises SettingNotFound, ValueInvalid, EffectiveInThePast,
    PreconditionFailed."""
    definition = _definition(key)
    if change.value is not None:
        try:
            definition.read(change.value)
        except ValidationError as error:
            raise ValueInvalid(error.errors()[0]["msg"], pointer="/value") from None
    await _append(session, caller, Kind.SETTING, key, change.value, change, expected)
    return await get_setting(session, key)


async def list_flags(session: AsyncSession, as_of: datetime | None) -> schemas.FlagList:
    """Every flag of the code, and every other that was made and not removed."""
    at, snapshot = as_of or await clock.now(session), await memory.read(session)
    keys = {key for kind, key in snapshot.versions if kind is Kind.FLAG} | set(FLAGS)
    flags = [_flag(key, snapshot.of(Kind.FLAG, key), at) for key in sorted(keys)]
    kept = [flag for flag in flags if flag.state or flag.planned or flag.default is not None]
    return schemas.FlagList(environment=Scope(get_settings().environment), as_of=at, data=kept)


async def get_flag(session: AsyncSession, key: str) -> schemas.FlagDetail:
    """Raises FlagNotFound. A removed flag still shows its history."""
    versions = await _versions(session, Kind.FLAG, key)
    if not versions and key not in FLAGS:
        raise FlagNotFound()
    shown = _flag(key, versions, await clock.now(session))
    return schemas.FlagDetail(**dict(shown), history=_entries(versions))


async def create_flag(session: AsyncSession, caller: Caller, new: schemas.FlagCreate) -> schemas.FlagDetail:
    """Raises FlagExists, EffectiveInThePast."""
    if new.key in FLAGS or await _versions(session, Kind.FLAG, new.key):
        raise FlagExists(pointer="/key")
    return await _say_flag(session, caller, new.key, new, Expected(frozenset({"*"})))


async def change_flag(
    session: AsyncSession, caller: Caller, key: str, change: schemas.FlagChange, expected: Expected
) -> schemas.FlagDetail:
    """Raises FlagNotFound, EffectiveInThePast, PreconditionFailed."""
    await get_flag(session, key)
    return await _say_flag(session, caller, key, change, expected)


async def ask_flag(session: AsyncSession, key: str, question: schemas.FlagQuestion) -> schemas.FlagAnswer:
    """What the flag would serve to somebody now, and why. Raises FlagNotFound."""
    snapshot, at = await memory.read(session), await clock.now(session)
    flag = _flag(key, snapshot.of(Kind.FLAG, key), at)
    if flag.state is None:
        if flag.default is None:
            raise FlagNotFound()
        return schemas.FlagAnswer(key=key, value=flag.default, variant=None, reason="DEFAULT")
    who = None
    if question.user_id is not None:
        who = str(question.user_id)
    served = rules.serve(key, flag.state, who, question.roles)
    with memory.lent(snapshot):
        caller = Caller(who, frozenset(question.roles)) if who is not None else None
        details = ask(key, caller, at)
    return schemas.FlagAnswer(key=key, value=served.value, variant=served.variant, reason=str(details.reason))


async def _say_flag(
    session: AsyncSession, caller: Caller, key: str, change: schemas.FlagChange, expected: Expected
) -> schemas.FlagDetail:
    state = change.state.model_dump(mode="json") if change.state is not None else None
    await _append(session, caller, Kind.FLAG, key, state, change, expected)
    return await get_flag(session, key)


async def _append(
    session: AsyncSession,
    caller: Caller,
    kind: Kind,
    key: str,
    value: Any,
    change: schemas.SettingChange | schemas.FlagChange,
    expected: Expected,
) -> None:
    versions = await _versions(session, kind, key)
    expected.ensure(len(versions))
    now = await clock.now(session)
    begins = change.effective_from or now
    if begins < now:
        raise EffectiveInThePast(pointer="/effective_from")
    before = rules.in_effect(versions, _asked(change.environment), begins)
    entry = {
        "kind": kind,
        "key": key,
        "version": len(versions) + 1,
        "environment": change.environment,
        "value": value,
        "effective_from": begins,
        "reason": change.reason,
        "made_by": caller.user_id,
    }
    await store.insert_version(session, entry)
    said = {"environment": change.environment, "effective_from": begins, "version": len(versions) + 1}
    await audit.record(
        session,
        f"{kind}.changed",
        kind,
        key,
        actor=caller,
        before={"value": before.value if before else None},
        after={"value": value} | said,
        reason=change.reason,
    )


def _asked(scope: Scope) -> str:
    return get_settings().environment if scope is Scope.ALL else scope


def _definition(key: str) -> Setting[Any]:
    if key not in SETTINGS:
        raise SettingNotFound()
    return SETTINGS[key]


async def _versions(session: AsyncSession, kind: Kind, key: str) -> list[Version]:
    return [memory.version_of(row) for row in await store.list_versions_of(session, kind, key)]


def _setting(definition: Setting[Any], versions: Sequence[Version], at: datetime) -> schemas.Setting:
    found = rules.in_effect(versions, get_settings().environment, at)
    default = definition.write(definition.default)
    return schemas.Setting(
        key=definition.key,
        title=definition.title,
        value=found.value if found else default,
        default=default,
        said_for=found.environment if found else None,
        effective_from=found.effective_from if found else None,
        version=len(versions),
        planned=_entries(rules.planned(versions, at)),
        value_schema=definition.json_schema(),
    )


def _flag(key: str, versions: Sequence[Version], at: datetime) -> schemas.Flag:
    found = rules.in_effect(versions, get_settings().environment, at)
    definition = FLAGS.get(key)
    return schemas.Flag(
        key=key,
        title=definition.title if definition else None,
        default=definition.default if definition else None,
        state=schemas.FlagState.model_validate(found.value) if found else None,
        said_for=found.environment if found else None,
        effective_from=found.effective_from if found else None,
        version=len(versions),
        planned=_entries(rules.planned(versions, at)),
    )


def _entries(versions: Sequence[Version]) -> list[schemas.VersionEntry]:
    return [
        schemas.VersionEntry(
            version=each.version,
            environment=each.environment,
            value=each.value,
            effective_from=each.effective_from,
            reason=each.reason,
            made_by=each.made_by,
            made_at=each.made_at,
        )
        for each in versions
    ]

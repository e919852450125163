"""Settings and flags over HTTP, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from app.core.db import Transaction
from app.core.etags import IfMatch, tag
from app.core.http import PROBLEM_RESPONSES
from app.core.security import CurrentCaller, Role, require_role
from app.settings import change_service as service
from app.settings.schemas import (
    FlagAnswer,
    FlagChange,
    FlagCreate,
    FlagDetail,
    FlagList,
    FlagQuestion,
    Key,
    SettingChange,
    SettingDetail,
    SettingList,
)

router = APIRouter(prefix="/v1/admin", tags=["platform"], responses=PROBLEM_RESPONSES)

readers = require_role(Role.ADMIN, Role.OPERATIONS)
writers = require_role(Role.ADMIN)

AsOf = Annotated[AwareDatetime | None, Query(description="What held at this moment; now when left out")]
KeyPath = Annotated[Key, Path()]


@router.get("/settings", summary="List the settings", dependencies=[readers], status_code=200)
async def list_settings(tx: Transaction, as_of: AsOf = None) -> SettingList:
    """Every setting with what holds now, or held at any moment, and what is planned."""
    return await service.list_settings(tx, as_of)


@router.get("/settings/{key}", summary="Read a setting", dependencies=[readers], status_code=200)
async def get_setting(key: KeyPath, tx: Transaction, response: Response) -> SettingDetail:
    """With its whole history. Its ETag is what If-Match wants when it is changed."""
    found = await service.get_setting(tx, key)
    tag(response, found.version)
    return found


@router.put("/settings/{key}", summary="Change a setting", dependencies=[writers], status_code=200)
async def change_setting(
    key: KeyPath,
    body: SettingChange,
    caller: CurrentCaller,
    tx: Transaction,
    expected: IfMatch,
    response: Response,
) -> SettingDetail:
    """Now or from a later moment on; every process follows within a second. A planned change is undone
    by another of the same moment."""
    changed = await service.change_setting(tx, caller, key, body, expected)
    tag(response, changed.version)
    return changed


@router.get("/flags", summary="List the feature flags", dependencies=[readers], status_code=200)
async def list_flags(tx: Transaction, as_of: AsOf = None) -> FlagList:
    """Every flag the code asks for, and those made for others to ask."""
    return await service.list_flags(tx, as_of)


@router.post("/flags", summary="Make a feature flag", dependencies=[writers], status_code=201)
async def create_flag(
    body: FlagCreate, caller: CurrentCaller, tx: Transaction, response: Response
) -> FlagDetail:
    """A flag the code does not know yet. Those it knows are changed, not made."""
    made = await service.create_flag(tx, caller, body)
    tag(response, made.version)
    return made


@router.get("/flags/{key}", summary="Read a feature flag", dependencies=[readers], status_code=200)
async def get_flag(key: KeyPath, tx: Transaction, response: Response) -> FlagDetail:
    """With its whole history. Its ETag is what If-Match wants when it is changed."""
    found = await service.get_flag(tx, key)
    tag(response, found.version)
    return found


@router.put("/flags/{key}", summary="Turn a feature flag", dependencies=[writers], status_code=200)
async def change_flag(
    key: KeyPath,
    body: FlagChange,
    caller: CurrentCaller,
    tx: Transaction,
    expected: IfMatch,
    response: Response,
) -> FlagDetail:
    """For everybody, for some by id, role or share, now or later. Without a state the default holds again."""
    changed = await service.change_flag(tx, caller, key, body, expected)
    tag(response, changed.version)
    return changed


@router.post(
    "/flags/{key}/ask", summary="Ask what a flag serves to somebody", dependencies=[readers], status_code=200
)
async def ask_flag(key: KeyPath, body: FlagQuestion, tx: Transaction) -> FlagAnswer:
    """The answer the code would get for this user or these roles, and the reason for it."""
    return await service.ask_flag(tx, key, body)

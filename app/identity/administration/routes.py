"""The administration of users over HTTP."""

from fastapi import APIRouter, Response

from app.core.db import Transaction
from app.core.etags import IfMatch, tag
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import UserId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller, Role, require_role, require_step_up
from app.identity.administration import service
from app.identity.administration.schemas import (
    LockChange,
    ManagedUser,
    RolesChange,
    ServiceToken,
    ServiceTokenRequest,
    UserSearch,
    UserStatus,
)

router = APIRouter(
    prefix="/v1/admin",
    tags=["administration"],
    responses=PROBLEM_RESPONSES,
    dependencies=[require_role(Role.ADMIN)],
)


def _tagged(response: Response, user: ManagedUser) -> ManagedUser:
    tag(response, service.version_of(user))
    return user


@router.get("/users", summary="List users, the newest first", status_code=200)
async def list_users(
    tx: Transaction, paging: PageRequest, status: UserStatus | None = None, role: Role | None = None
) -> Page[ManagedUser]:
    return paging.answer(await service.list_users(tx, paging.window, status, role))


@router.post("/users/search", summary="Find a user by e-mail address", status_code=200)
async def search_user(body: UserSearch, tx: Transaction) -> ManagedUser:
    """The whole address: nothing is found by a part of it, since addresses are kept sealed."""
    return await service.find_by_email(tx, body.email)


@router.get("/users/{user_id}", summary="Read a user", status_code=200)
async def get_user(user_id: UserId, tx: Transaction, response: Response) -> ManagedUser:
    """The ETag stands for the roles."""
    return _tagged(response, await service.get_user(tx, user_id))


@router.put(
    "/users/{user_id}/roles",
    summary="Set a user's roles",
    status_code=200,
    dependencies=[require_step_up()],
)
async def set_user_roles(
    user_id: UserId,
    body: RolesChange,
    caller: CurrentCaller,
    tx: Transaction,
    expected: IfMatch,
    response: Response,
) -> ManagedUser:
    """Needs a second factor of the last 15 minutes, and the ETag of the roles that were read. Ends the
    user's sessions."""
    return _tagged(response, await service.change_roles(tx, caller, user_id, body, expected))


@router.post(
    "/users/{user_id}/lock", summary="Lock an account", status_code=200, dependencies=[require_step_up()]
)
async def lock_user(user_id: UserId, body: LockChange, caller: CurrentCaller, tx: Transaction) -> ManagedUser:
    """Ends the user's sessions and closes their API keys until unlocked."""
    return await service.lock_user(tx, caller, user_id, body)


@router.post(
    "/users/{user_id}/unlock", summary="Unlock an account", status_code=200, dependencies=[require_step_up()]
)
async def unlock_user(
    user_id: UserId, body: LockChange, caller: CurrentCaller, tx: Transaction
) -> ManagedUser:
    return await service.unlock_user(tx, caller, user_id, body)


@router.post(
    "/service-tokens",
    summary="Make a token for a program of ours",
    status_code=201,
    dependencies=[require_step_up()],
)
async def create_service_token(
    body: ServiceTokenRequest, caller: CurrentCaller, tx: Transaction
) -> ServiceToken:
    """It lives twelve hours and is bound to its scopes: `<tag>:read` or `<tag>:write`."""
    return await service.make_service_token(tx, caller, body)

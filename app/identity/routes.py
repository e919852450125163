"""Identity over HTTP."""

from fastapi import APIRouter, Response

from app.core import security
from app.core.db import Transaction
from app.core.etags import IfMatch, tag
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import SessionId
from app.core.security import CurrentCaller, CurrentTraveller
from app.identity import service, session_service
from app.identity.access import ensure_person
from app.identity.schemas import (
    ConsentHistory,
    Credentials,
    JsonWebKeySet,
    PasswordChange,
    RefreshRequest,
    SecondFactorRequest,
    SessionList,
    SessionsEnded,
    SteppedUp,
    Tokens,
    User,
    UserChange,
    UserCreate,
)

router = APIRouter(tags=["identity"], responses=PROBLEM_RESPONSES)


def _tagged(response: Response, user: User) -> User:
    tag(response, service.version_of(user))
    return user


@router.post("/v1/users", summary="Register", status_code=201)
async def create_user(body: UserCreate, tx: Transaction) -> User:
    """Make an account. An e-mail address has one account at most: a second is refused with `email_taken`."""
    return await service.register(tx, body)


@router.post("/v1/auth/token", summary="Log in", status_code=200)
async def create_token(body: Credentials) -> Tokens:
    """Begin a session. The answer does not tell an unknown address from a wrong password. An account with a
    second factor is asked for a code, once the password was right: `second_factor_required`."""
    return await session_service.log_in(body)


@router.post("/v1/auth/second-factor", summary="Give a second factor", status_code=200)
async def give_second_factor(body: SecondFactorRequest, caller: CurrentCaller) -> SteppedUp:
    """For 15 minutes the new access token opens what answers `step_up_required`. A code works once."""
    return await session_service.step_up(caller, body.code)


@router.post("/v1/auth/refresh", summary="Exchange a refresh token for a new pair", status_code=200)
async def refresh_token(body: RefreshRequest, tx: Transaction) -> Tokens:
    """Each refresh token works once. Using one again ends its session everywhere."""
    return await session_service.refresh(tx, body)


@router.post("/v1/auth/logout", summary="Log out", status_code=204)
async def log_out(body: RefreshRequest, tx: Transaction) -> None:
    """End the session of a refresh token. Its access token still lives out its 15 minutes."""
    await session_service.log_out(tx, body)


@router.get("/v1/me", summary="Read who I am", status_code=200)
async def get_me(caller: CurrentCaller, tx: Transaction, response: Response) -> User:
    """The ETag is what a change has to name."""
    return _tagged(response, await service.get_user(tx, caller.user_id))


@router.patch("/v1/me", summary="Change my name, phone or consent", status_code=200)
async def change_me(
    body: UserChange, caller: CurrentTraveller, tx: Transaction, expected: IfMatch, response: Response
) -> User:
    """What is left out stays as it is. Needs the ETag of what was read."""
    return _tagged(response, await service.change_user(tx, caller, body, expected))


@router.put("/v1/me/password", summary="Change my password", status_code=204)
async def change_my_password(body: PasswordChange, caller: CurrentCaller) -> None:
    """Needs the present one. All other sessions end; wrong ones count as failed log-ins do."""
    await session_service.change_password(caller, body)


@router.get("/v1/me/consents", summary="Read what I agreed to, and when", status_code=200)
async def list_my_consents(caller: CurrentCaller, tx: Transaction) -> ConsentHistory:
    return await service.list_consents(tx, ensure_person(caller))


@router.get("/v1/me/sessions", summary="List where I am logged in", status_code=200)
async def list_my_sessions(caller: CurrentCaller, tx: Transaction) -> SessionList:
    return await session_service.list_sessions(tx, caller)


@router.delete("/v1/me/sessions/{session_id}", summary="End one of my sessions", status_code=204)
async def end_my_session(session_id: SessionId, caller: CurrentCaller, tx: Transaction) -> None:
    """Its refresh token works no more. Its access token still lives out its 15 minutes."""
    await session_service.end_session(tx, caller, session_id)


@router.delete("/v1/me/sessions", summary="End all my other sessions", status_code=200)
async def end_my_other_sessions(caller: CurrentCaller, tx: Transaction) -> SessionsEnded:
    return await session_service.end_other_sessions(tx, caller)


@router.get("/.well-known/jwks.json", summary="Read the keys that sign access tokens", status_code=200)
async def get_jwks() -> JsonWebKeySet:
    return JsonWebKeySet.model_validate(security.jwks())

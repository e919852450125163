"""Identity over HTTP."""

from fastapi import APIRouter

from app.core import security
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.security import CurrentCaller
from app.identity import service
from app.identity.schemas import Credentials, JsonWebKeySet, RefreshRequest, Tokens, User, UserCreate

router = APIRouter(tags=["identity"], responses=PROBLEM_RESPONSES)


@router.post("/v1/users", summary="Register", status_code=201)
async def create_user(body: UserCreate, tx: Transaction) -> User:
    """Make an account. An e-mail address has one account at most: a second is refused with `email_taken`."""
    return await service.register(tx, body)


@router.post("/v1/auth/token", summary="Log in", status_code=200)
async def create_token(body: Credentials) -> Tokens:
    """Begin a session. The answer does not tell an unknown address from a wrong password."""
    return await service.log_in(body)


@router.post("/v1/auth/refresh", summary="Exchange a refresh token for a new pair", status_code=200)
async def refresh_token(body: RefreshRequest, tx: Transaction) -> Tokens:
    """Each refresh token works once. Using one again ends its session everywhere."""
    return await service.refresh(tx, body)


@router.post("/v1/auth/logout", summary="Log out", status_code=204)
async def log_out(body: RefreshRequest, tx: Transaction) -> None:
    """End the session of a refresh token. Its access token still lives out its 15 minutes."""
    await service.log_out(tx, body)


@router.get("/v1/me", summary="Read who I am", status_code=200)
async def get_me(caller: CurrentCaller, tx: Transaction) -> User:
    return await service.get_user(tx, caller.user_id)


@router.get("/.well-known/jwks.json", summary="Read the keys that sign access tokens", status_code=200)
async def get_jwks() -> JsonWebKeySet:
    return JsonWebKeySet.model_validate(security.jwks())

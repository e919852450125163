"""Passwords, access tokens, and who is calling. Verifies; owns no table."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import jwt
from anyio import CapacityLimiter, to_thread
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.algorithms import OKPAlgorithm
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.config import get_settings
from app.core.errors import Forbidden, Unauthorized

ALGORITHM = "EdDSA"
ACCESS_TOKEN_LIFE = timedelta(minutes=15)
SERVICE_TOKEN_LIFE = timedelta(hours=12)
GUEST_TOKEN_LIFE = timedelta(minutes=60)
# Tokens that were found to be good are remembered, the oldest forgotten first: some megabytes.
MAX_VERIFIED = 10_000
# How long a second factor, once given, opens what needs one.
STEP_UP_LIFE = timedelta(minutes=15)
# What tells an API key from an access token; no JWT begins like this.
API_KEY_PREFIX = "ck_"

# OWASP's parameters for Argon2id: 19 MiB, two passes, one lane.
_passwords = PasswordHash([Argon2Hasher(memory_cost=19456, time_cost=2, parallelism=1)])


class Role(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    ANALYST = "analyst"
    FRAUD = "fraud"
    OPERATIONS = "operations"
    ADMIN = "admin"
    SIMULATOR = "simulator"


class StepUpRequired(Forbidden):
    code = "step_up_required"
    title = "This needs a second factor given in the last 15 minutes"
    advice = "Send a code to POST /v1/auth/second-factor and repeat with the access token it answers with."


class ScopeMissing(Forbidden):
    code = "scope_missing"
    title = "The key or token was not given the scope this route needs"
    advice = "`detail` names the scope. Make a key that has it: scopes of a key are never widened."


@dataclass(frozen=True)
class Caller:
    """Who is calling, as a verified token or API key says. A service token has no user and no session; a
    guest's token has no user and opens `booking_id` alone. No scopes: all that the roles may."""

    subject: str
    roles: frozenset[Role]
    session_id: UUID | None = None
    booking_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    api_key_id: UUID | None = None
    second_factor_at: datetime | None = None

    @property
    def user_id(self) -> UUID:
        """Raises Forbidden for a guest and for a program."""
        if self.booking_id is not None:
            raise Forbidden("a guest's token opens one booking and nothing else")
        try:
            return UUID(self.subject)
        except ValueError:
            raise Forbidden("a service token cannot act as a customer") from None

    @property
    def acting_user_id(self) -> UUID | None:
        """Whom an audit entry names: None for a guest. Raises Forbidden for a program."""
        return None if self.booking_id is not None else self.user_id


@lru_cache
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(get_settings().password_hash_parallelism)


async def hash_password(password: str) -> str:
    """Argon2id in a bounded pool of threads: a flood of log-ins cannot take the event loop or the memory."""
    return await to_thread.run_sync(_passwords.hash, password, limiter=_limiter())


async def verify_password(password: str, password_hash: str) -> bool:
    return await to_thread.run_sync(_passwords.verify, password, password_hash, limiter=_limiter())


@lru_cache
def absent_user_hash() -> str:
    """Verified against when an e-mail is unknown, so that both answers take the same time."""
    return _passwords.hash("nobody has this password")


@lru_cache
def _private_key() -> Ed25519PrivateKey:
    key = load_pem_private_key(get_settings().secret("jwt_private_key.pem").encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("jwt_private_key.pem must hold an Ed25519 key")
    return key


@lru_cache
def _public_key() -> Ed25519PublicKey:
    return _private_key().public_key()


@lru_cache
def _key_id() -> str:
    return str(OKPAlgorithm.to_jwk(_public_key(), as_dict=True)["x"])[:16]


def jwks() -> dict[str, Any]:
    """The public keys, as RFC 7517 lays them out."""
    key = OKPAlgorithm.to_jwk(_public_key(), as_dict=True)
    return {"keys": [key | {"kid": _key_id(), "alg": ALGORITHM, "use": "sig"}]}


def mint_access_token(
    user_id: UUID, session_id: UUID, roles: list[Role], second_factor_at: datetime | None = None
) -> str:
    second = {"mfa": int(second_factor_at.timestamp())} if second_factor_at is not None else {}
    return _mint(str(user_id), roles, ACCESS_TOKEN_LIFE, {"sid": str(session_id)} | second)


def mint_service_token(subject: str, roles: list[Role], scopes: frozenset[str] = frozenset()) -> str:
    """A token for a program of ours, such as the simulator; made where the private key is."""
    scope = {"scope": " ".join(sorted(scopes))} if scopes else {}
    return _mint(subject, roles, SERVICE_TOKEN_LIFE, {"sim": Role.SIMULATOR in roles} | scope)


def mint_guest_token(booking_id: UUID) -> str:
    """A token that opens one booking, for who knows its locator and a name on it."""
    return _mint(f"guest:{booking_id}", [], GUEST_TOKEN_LIFE, {"bid": str(booking_id)})


def _mint(subject: str, roles: list[Role], life: timedelta, extra: dict[str, Any]) -> str:
    now = datetime.now(UTC)
    claims = {"iss": get_settings().issuer, "sub": subject, "iat": now, "exp": now + life, "roles": roles}
    return jwt.encode(claims | extra, _private_key(), algorithm=ALGORITHM, headers={"kid": _key_id()})


# By the hash of a token: whom it speaks for, and until when. A request looks at its token three times, and
# a signature costs more to verify than all else that is done to let a booking in.
_verified: dict[bytes, tuple[Caller, float]] = {}


def verify_token(token: str) -> Caller:
    """Who a token speaks for. Raises Unauthorized when it is not ours, not intact or no longer valid."""
    digest = hashlib.sha256(token.encode()).digest()
    known = _verified.get(digest)
    if known is not None and time.time() < known[1]:
        return known[0]
    caller, expires_at = _read_token(token)
    if len(_verified) >= MAX_VERIFIED:
        del _verified[next(iter(_verified))]
    _verified[digest] = (caller, expires_at)
    return caller


def _read_token(token: str) -> tuple[Caller, float]:
    try:
        claims = jwt.decode(
            token,
            _public_key(),
            algorithms=[ALGORITHM],
            issuer=get_settings().issuer,
            options={"require": ["exp", "iat", "sub", "roles"]},
        )
        roles = frozenset(Role(role) for role in claims["roles"])
        caller = Caller(
            claims["sub"],
            roles,
            session_id=UUID(claims["sid"]) if "sid" in claims else None,
            booking_id=UUID(claims["bid"]) if "bid" in claims else None,
            scopes=frozenset(str(claims.get("scope", "")).split()),
            second_factor_at=datetime.fromtimestamp(claims["mfa"], UTC) if "mfa" in claims else None,
        )
        return caller, float(claims["exp"])
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise Unauthorized("the access token is not valid; log in again") from error


# Who an API key stands for; raises Unauthorized. Identity knows; main.py hands it over in the app's state.
ReadApiKey = Callable[[str], Awaitable[Caller]]

_bearer = HTTPBearer(
    auto_error=False,
    description="The access token of POST /v1/auth/token, a guest's token, or an API key (ck_...)",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def identify(request: Request, token: str) -> Caller:
    """Who a bearer token or API key speaks for, on the route being called.

    Raises Unauthorized, or ScopeMissing when it was made for other routes."""
    if not token.startswith(API_KEY_PREFIX):
        caller = verify_token(token)
    else:
        read_api_key: ReadApiKey | None = getattr(request.app.state, "read_api_key", None)
        if read_api_key is None:
            raise Unauthorized("API keys are not known here")
        caller = await read_api_key(token)
        request.state.api_key_id = caller.api_key_id
    # For whoever has to tell of a refusal later on.
    request.state.caller = caller
    _ensure_scope(request, caller)
    return caller


def scope_of(method: str, tags: list[Any]) -> str:
    """The scope a route needs: its first tag, and whether it only reads."""
    area = str(tags[0]) if tags else "untagged"
    return f"{area}:{'read' if method in ('GET', 'HEAD') else 'write'}"


def _ensure_scope(request: Request, caller: Caller) -> None:
    """Deny by default: whoever carries scopes is let in by scope, also to routes nobody thought of."""
    if not caller.scopes:
        return
    needed = scope_of(request.method, getattr(request.scope.get("route"), "tags", []))
    if needed not in caller.scopes:
        raise ScopeMissing(f"it would need {needed}")


async def current_caller(request: Request, credentials: Credentials) -> Caller:
    if credentials is None:
        raise Unauthorized("this route needs an access token in the Authorization header")
    return await identify(request, credentials.credentials)


async def optional_caller(request: Request, credentials: Credentials) -> Caller | None:
    return None if credentials is None else await identify(request, credentials.credentials)


CurrentCaller = Annotated[Caller, Depends(current_caller)]
OptionalCaller = Annotated[Caller | None, Depends(optional_caller)]


async def _current_traveller(caller: CurrentCaller) -> Caller:
    # Read for its refusal: a program is nobody's traveller.
    _ = caller.acting_user_id
    return caller


# A user or a guest, never a program of ours. What they may open is decided by bookings.access.
CurrentTraveller = Annotated[Caller, Depends(_current_traveller)]


def require_role(*roles: Role) -> Any:
    """A route dependency that lets only these roles in: `dependencies=[require_role(Role.ADMIN)]`."""

    async def check(caller: CurrentCaller) -> None:
        if not caller.roles.intersection(roles):
            raise Forbidden("this route needs the role " + " or ".join(roles))

    return Depends(check)


def ensure_step_up(caller: Caller) -> None:
    """Raises StepUpRequired unless the caller gave a second factor in the last 15 minutes."""
    given_at = caller.second_factor_at
    if given_at is None or datetime.now(UTC) - given_at > STEP_UP_LIFE:
        raise StepUpRequired("give a code to POST /v1/auth/second-factor and repeat with its token")


def require_step_up() -> Any:
    """A route dependency: `dependencies=[require_role(Role.ADMIN), require_step_up()]`."""

    async def check(caller: CurrentCaller) -> None:
        ensure_step_up(caller)

    return Depends(check)

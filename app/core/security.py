"""Passwords, access tokens, and who is calling. Verifies; owns no table."""

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
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.algorithms import OKPAlgorithm
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.config import get_settings
from app.core.errors import Forbidden, Unauthorized

ALGORITHM = "EdDSA"
ACCESS_TOKEN_LIFE = timedelta(minutes=15)
SERVICE_TOKEN_LIFE = timedelta(hours=12)

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


@dataclass(frozen=True)
class Caller:
    """Who a verified access token says is calling. A service token has no user and no session."""

    subject: str
    roles: frozenset[Role]
    session_id: UUID | None = None

    @property
    def user_id(self) -> UUID:
        try:
            return UUID(self.subject)
        except ValueError:
            raise Forbidden("a service token cannot act as a customer") from None


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


def mint_access_token(user_id: UUID, session_id: UUID, roles: list[Role]) -> str:
    return _mint(str(user_id), roles, ACCESS_TOKEN_LIFE, {"sid": str(session_id)})


def mint_service_token(subject: str, roles: list[Role]) -> str:
    """A token for a program of ours, such as the simulator; made where the private key is."""
    return _mint(subject, roles, SERVICE_TOKEN_LIFE, {"sim": Role.SIMULATOR in roles})


def _mint(subject: str, roles: list[Role], life: timedelta, extra: dict[str, Any]) -> str:
    now = datetime.now(UTC)
    claims = {"iss": get_settings().issuer, "sub": subject, "iat": now, "exp": now + life, "roles": roles}
    return jwt.encode(claims | extra, _private_key(), algorithm=ALGORITHM, headers={"kid": _key_id()})


def verify_token(token: str) -> Caller:
    """Who a token speaks for. Raises Unauthorized when it is not ours, not intact or no longer valid."""
    try:
        claims = jwt.decode(
            token,
            _public_key(),
            algorithms=[ALGORITHM],
            issuer=get_settings().issuer,
            options={"require": ["exp", "iat", "sub", "roles"]},
        )
        roles = frozenset(Role(role) for role in claims["roles"])
        session_id = UUID(claims["sid"]) if "sid" in claims else None
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthorized("the access token is not valid; log in again") from error
    return Caller(claims["sub"], roles, session_id)


_bearer = HTTPBearer(auto_error=False, description="The access token of POST /v1/auth/token")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _current_caller(credentials: Credentials) -> Caller:
    if credentials is None:
        raise Unauthorized("this route needs an access token in the Authorization header")
    return verify_token(credentials.credentials)


async def _optional_caller(credentials: Credentials) -> Caller | None:
    return None if credentials is None else verify_token(credentials.credentials)


CurrentCaller = Annotated[Caller, Depends(_current_caller)]
OptionalCaller = Annotated[Caller | None, Depends(_optional_caller)]


def require_role(*roles: Role) -> Any:
    """A route dependency that lets only these roles in: `dependencies=[require_role(Role.ADMIN)]`."""

    async def check(caller: CurrentCaller) -> None:
        if not caller.roles.intersection(roles):
            raise Forbidden("this route needs the role " + " or ".join(roles))

    return Depends(check)

"""How often a caller may ask: per user and per address, by kind of route, told in headers on every answer."""

import math
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from app.core.config import get_settings
from app.core.context import current
from app.core.errors import TooManyRequests, Unauthorized
from app.core.security import verify_token

WINDOW_SECONDS = 60


class Kind(StrEnum):
    """What a request costs us, and what its abuse would be worth to somebody."""

    CREDENTIALS = "credentials"
    SEARCH = "search"
    WRITE = "write"
    READ = "read"


@dataclass(frozen=True)
class Quota:
    """Requests a minute. An address may hold an office full of users, so it gets more."""

    per_user: int
    per_address: int


QUOTAS = {
    # Guessing is slow work already, since an account locks; this keeps one address from trying all of them.
    Kind.CREDENTIALS: Quota(per_user=30, per_address=60),
    Kind.SEARCH: Quota(per_user=300, per_address=1_200),
    Kind.WRITE: Quota(per_user=240, per_address=1_200),
    Kind.READ: Quota(per_user=1_200, per_address=6_000),
}

CREDENTIAL_ROUTES = frozenset(
    {
        "/v1/users",
        "/v1/auth/token",
        "/v1/auth/refresh",
        "/v1/auth/password-reset",
        "/v1/auth/password-reset/confirm",
        "/v1/auth/email-verification/confirm",
        "/v1/auth/email-change/confirm",
        "/v1/auth/second-factor",
        "/v1/me/second-factor/confirm",
        "/v1/me/password",
        "/v1/me/email",
        "/v1/guest-access",
    }
)
SEARCH_ROUTES = frozenset({"/v1/offer-requests", "/v1/fare-calendar"})
# Asked by what watches over the process, from one address and all the time.
UNLIMITED_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class RateLimited(TooManyRequests):
    code = "rate_limited"
    title = "Too many requests of this kind; wait for as long as Retry-After says"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of the quota a request was counted against."""

    policy: str
    quota: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """The fields of the IETF's draft on rate limits, as structured fields."""
        return {
            "ratelimit-policy": f'"{self.policy}";q={self.quota};w={WINDOW_SECONDS}',
            "ratelimit": f'"{self.policy}";r={self.remaining};t={self.reset_seconds}',
        }


@lru_cache
def _limiter() -> SlidingWindowCounterRateLimiter:
    """Counts in this process alone: of several, each grants a caller the whole quota."""
    return SlidingWindowCounterRateLimiter(MemoryStorage())


@lru_cache
def _items(factor: float) -> dict[tuple[Kind, bool], RateLimitItem]:
    return {
        (kind, is_user): RateLimitItemPerMinute(
            math.ceil((quota.per_user if is_user else quota.per_address) * factor),
            namespace=f"{kind}-{'user' if is_user else 'address'}",
        )
        for kind, quota in QUOTAS.items()
        for is_user in (True, False)
    }


async def limit_rate(request: Request) -> None:
    """Count this request against its user's quota and its address's. Raises RateLimited.

    A verified simulator is exempt: it plays a whole town from one address."""
    route = getattr(request.scope.get("route"), "path", "")
    if route in UNLIMITED_ROUTES or current().is_simulated:
        return
    kind = kind_of(request.method, route)
    items = _items(get_settings().rate_limit_factor)
    standings = []
    for is_user, who in _counted_as(request):
        item = items[kind, is_user]
        if not await _limiter().hit(item, who):
            standing = await _standing(item, who)
            request.state.rate_limit = standing
            raise RateLimited(retry_after_seconds=standing.reset_seconds)
        standings.append(await _standing(item, who))
    if standings:
        request.state.rate_limit = min(standings, key=lambda standing: standing.remaining / standing.quota)


def kind_of(method: str, route: str) -> Kind:
    """By the pattern of the route, never by the address that was asked for."""
    if route in SEARCH_ROUTES:
        return Kind.SEARCH
    if method in READING:
        return Kind.READ
    return Kind.CREDENTIALS if route in CREDENTIAL_ROUTES else Kind.WRITE


def _counted_as(request: Request) -> list[tuple[bool, str]]:
    """(is a user, who): the caller if there is one, and the address if it is known."""
    who: list[tuple[bool, str]] = []
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        who.append((True, _caller(token)))
    address = current().ip
    if address is not None:
        who.append((False, address))
    return who


def _caller(token: str) -> str:
    """Who a token speaks for. One that is no access token counts as itself, and soon is refused elsewhere."""
    try:
        return verify_token(token).subject
    except Unauthorized:
        return sha256(token.encode()).hexdigest()


async def _standing(item: RateLimitItem, who: str) -> Standing:
    stats = await _limiter().get_window_stats(item, who)
    wait = max(1, math.ceil(stats.reset_time - time.time()))
    return Standing(item.namespace, item.amount, max(0, stats.remaining), wait)

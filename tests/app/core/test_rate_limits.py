"""Rate limits: counted per user and per address, by kind of route, and told on every answer."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest
from fastapi import Depends, FastAPI

from app.core import http, rate_limits
from app.core.config import get_settings
from app.core.rate_limits import QUOTAS, Kind, kind_of
from app.core.security import Role, mint_access_token, mint_service_token

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

SEARCH_QUOTA = QUOTAS[Kind.SEARCH]


@pytest.fixture(autouse=True)
def counted_anew(core_settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The limits as they are in production, with nobody counted yet."""
    monkeypatch.setenv("CONTRAIL_RATE_LIMIT_FACTOR", "1")
    get_settings.cache_clear()
    rate_limits._limiter.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()
    rate_limits._limiter.cache_clear()


@pytest.fixture
def limited() -> FastAPI:
    app = FastAPI(dependencies=[Depends(rate_limits.limit_rate)])
    http.install(app)

    @app.post("/v1/offer-requests")
    async def search() -> str:
        return "found"

    @app.get("/healthz")
    async def healthz() -> str:
        return "alive"

    return app


@asynccontextmanager
async def calling(app: FastAPI, address: str, token: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app, client=(address, 4711))
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://contrail.test", headers=headers
    ) as client:
        yield client


async def search_until_refused(client: httpx2.AsyncClient, limit: int) -> int:
    """How many searches were let in before the first refusal."""
    for number in range(limit + 1):
        answer = await client.post("/v1/offer-requests")
        if answer.status_code == 429:
            return number
    return limit + 1


async def test_user_is_refused_past_the_quota_and_told_when_to_come_back(limited: FastAPI) -> None:
    token = mint_access_token(uuid4(), uuid4(), [Role.CUSTOMER])
    async with calling(limited, "192.0.2.1", token) as client:
        let_in = await search_until_refused(client, SEARCH_QUOTA.per_user)
        refused = await client.post("/v1/offer-requests")

    assert let_in == SEARCH_QUOTA.per_user
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert re.fullmatch(r'"search-user";r=0;t=\d+', refused.headers["ratelimit"])


async def test_one_users_quota_is_not_anothers(limited: FastAPI) -> None:
    tokens = [mint_access_token(uuid4(), uuid4(), [Role.CUSTOMER]) for _ in range(2)]
    async with calling(limited, "192.0.2.1", tokens[0]) as client:
        await search_until_refused(client, SEARCH_QUOTA.per_user)
    async with calling(limited, "192.0.2.1", tokens[1]) as client:
        assert (await client.post("/v1/offer-requests")).status_code == 200


async def test_many_users_of_one_address_share_its_quota(limited: FastAPI) -> None:
    users = SEARCH_QUOTA.per_address // SEARCH_QUOTA.per_user
    for _ in range(users):
        token = mint_access_token(uuid4(), uuid4(), [Role.CUSTOMER])
        async with calling(limited, "192.0.2.1", token) as client:
            assert await search_until_refused(client, SEARCH_QUOTA.per_user - 1) == SEARCH_QUOTA.per_user
    async with calling(limited, "192.0.2.1") as client:
        assert await search_until_refused(client, 1) == 0
    async with calling(limited, "192.0.2.2") as client:
        assert (await client.post("/v1/offer-requests")).status_code == 200


async def test_every_counted_answer_tells_what_is_left(limited: FastAPI) -> None:
    async with calling(limited, "192.0.2.1") as client:
        first = await client.post("/v1/offer-requests")
        second = await client.post("/v1/offer-requests")

    quota = SEARCH_QUOTA.per_address
    assert first.headers["ratelimit-policy"] == f'"search-address";q={quota};w=60'
    assert first.headers["ratelimit"].startswith(f'"search-address";r={quota - 1};')
    assert second.headers["ratelimit"].startswith(f'"search-address";r={quota - 2};')


async def test_probes_are_never_counted(limited: FastAPI) -> None:
    async with calling(limited, "192.0.2.1") as client:
        answer = await client.get("/healthz")

    assert "ratelimit" not in answer.headers


async def test_verified_simulator_is_exempt_and_a_false_one_is_not(limited: FastAPI) -> None:
    simulator = {"contrail-simulator": mint_service_token("simulator", [Role.SIMULATOR])}
    async with calling(limited, "192.0.2.1") as client:
        exempt = await client.post("/v1/offer-requests", headers=simulator)
        pretender = {"contrail-simulator": mint_access_token(uuid4(), uuid4(), [Role.CUSTOMER])}
        refused = await client.post("/v1/offer-requests", headers=pretender)

    assert "ratelimit" not in exempt.headers
    assert refused.status_code == 403


async def test_the_program_is_limited_whole(client: httpx2.AsyncClient) -> None:
    for address in ("/v1/airports", "/v1/flights/flt_0197f3a25b6c7d8e9f00112233445566"):
        assert "ratelimit" in (await client.get(address)).headers, address


@pytest.mark.parametrize(
    ("method", "route", "kind"),
    [
        ("GET", "/v1/bookings", Kind.READ),
        ("POST", "/v1/bookings", Kind.WRITE),
        ("POST", "/v1/auth/token", Kind.CREDENTIALS),
        ("POST", "/v1/offer-requests", Kind.SEARCH),
        ("DELETE", "/v1/me", Kind.WRITE),
    ],
)
def test_kinds_go_by_method_and_route(method: str, route: str, kind: Kind) -> None:
    assert kind_of(method, route) is kind

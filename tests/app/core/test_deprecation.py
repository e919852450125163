"""A route that will go says so on every answer."""

from datetime import date

import httpx2
import pytest
from fastapi import FastAPI

from app.core.deprecation import deprecated


@pytest.mark.anyio
async def test_deprecated_route_says_since_when_until_when_and_what_instead() -> None:
    app = FastAPI()
    going = deprecated(date(2026, 1, 1), date(2026, 7, 1), "/v2/things")

    @app.get("/v1/things", deprecated=True, dependencies=[going])
    async def list_things() -> list[str]:
        return []

    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        answer = await client.get("/v1/things")

    assert answer.headers["deprecation"] == "@1767225600"
    assert answer.headers["sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"
    assert answer.headers["link"] == '</v2/things>; rel="successor-version"'
    assert app.openapi()["paths"]["/v1/things"]["get"]["deprecated"] is True


def test_route_cannot_go_before_it_is_deprecated() -> None:
    with pytest.raises(ValueError, match="before it goes"):
        deprecated(date(2026, 7, 1), date(2026, 1, 1), "/v2/things")

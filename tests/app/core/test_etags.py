"""If-Match: what was read must still be what is there."""

import httpx2
import pytest
from fastapi import FastAPI, Response

from app.core import etags, http

VERSION = 3

pytestmark = pytest.mark.anyio


@pytest.fixture
def thing() -> FastAPI:
    app = FastAPI()
    http.install(app)

    @app.get("/thing")
    async def get_thing(response: Response) -> int:
        etags.tag(response, VERSION)
        return VERSION

    @app.put("/thing")
    async def put_thing(expected: etags.IfMatch) -> str:
        expected.ensure(VERSION)
        return "changed"

    return app


async def put(app: FastAPI, if_match: str | None) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    headers = {} if if_match is None else {"if-match": if_match}
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        return await client.put("/thing", headers=headers)


async def test_the_tag_that_was_read_lets_an_edit_in(thing: FastAPI) -> None:
    transport = httpx2.ASGITransport(thing)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        read = (await client.get("/thing")).headers["etag"]

    assert (await put(thing, read)).status_code == 200


@pytest.mark.parametrize("tags", ["*", '"v1", "v3"'])
async def test_any_or_one_of_several_versions_may_be_expected(thing: FastAPI, tags: str) -> None:
    assert (await put(thing, tags)).status_code == 200


@pytest.mark.parametrize("stale", ['"v2"', "v3", 'W/"v3"', ""])
async def test_another_version_is_refused(thing: FastAPI, stale: str) -> None:
    answer = await put(thing, stale)

    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def test_an_edit_without_a_version_is_refused(thing: FastAPI) -> None:
    answer = await put(thing, None)

    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")

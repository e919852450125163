"""Health, and the pages of problems."""

import httpx2
import pytest

from app.core.problem_pages import known_problems

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def test_process_is_alive_and_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_type_of_a_problem_opens_its_page(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/me")

    page = await client.get(answer.json()["type"])

    assert page.status_code == 200
    assert answer.json()["title"] in page.text


async def test_every_code_has_a_page_and_is_listed(client: httpx2.AsyncClient) -> None:
    listing = (await client.get("/problems")).text

    for code in known_problems():
        assert f'href="/problems/{code}"' in listing
        assert (await client.get(f"/problems/{code}")).status_code == 200
    assert (await client.get("/problems/no_such_code")).status_code == 404

"""Health, the problem pages, and the OpenAPI document."""

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


async def test_every_operation_is_named_tagged_and_says_how_it_refuses(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    known_tags = {tag["name"] for tag in document["tags"]}
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]

    assert document["info"]["title"] == "Contrail"
    assert len(names) == len(set(names))
    for path, method, operation in operations:
        where = f"{method} {path}"
        assert operation["summary"], where
        assert set(operation["tags"]) <= known_tags, where
        refusals = operation["responses"]["4XX"]["content"]
        assert list(refusals) == ["application/problem+json"], where
        assert refusals["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert "422" not in operation["responses"], where

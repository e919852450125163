"""The list of airports, by page and by what a traveller types."""

import httpx2
import pytest

from tests.app.conftest import Owner
from tests.app.departures import make_reference

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def airports(client: httpx2.AsyncClient, **parameters: str | int) -> list[str]:
    answer = await client.get("/v1/airports", params=parameters)
    assert answer.status_code == 200
    return [airport["code"] for airport in answer.json()["data"]]


async def test_pages_follow_one_another_to_the_end(owner: Owner, client: httpx2.AsyncClient) -> None:
    make_reference(owner)
    everything = await airports(client, limit=200)

    seen: list[str] = []
    after: str | None = None
    for _ in everything:
        page = (
            await client.get("/v1/airports", params={"limit": 1} | ({"after": after} if after else {}))
        ).json()
        seen += [airport["code"] for airport in page["data"]]
        after = page["meta"]["after"]

    assert after is None
    assert seen == everything == sorted(everything)


@pytest.mark.parametrize("query", ["lh", "LONDON", "heathrow"])
async def test_an_airport_is_found_by_code_city_or_name(
    owner: Owner, client: httpx2.AsyncClient, query: str
) -> None:
    make_reference(owner)

    assert await airports(client, query=query) == ["LHR"]


@pytest.mark.parametrize("query", ["%", "_", "\\"])
async def test_a_query_is_text_and_not_a_pattern(
    owner: Owner, client: httpx2.AsyncClient, query: str
) -> None:
    make_reference(owner)

    assert await airports(client, query=query) == []


async def test_a_cursor_of_somebody_elses_making_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/airports", params={"after": "é"})

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")

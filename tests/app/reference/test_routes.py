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


MANHATTAN = "40.7580,-73.9855"


async def test_airports_near_a_place_come_by_distance(owner: Owner, client: httpx2.AsyncClient) -> None:
    make_reference(owner)

    answer = await client.get("/v1/airports", params={"near": MANHATTAN, "radius_km": 1000})

    found = answer.json()["data"]
    distances = [airport["distance_km"] for airport in found]
    assert found[0]["code"] == "JFK"
    assert found[0]["distance_km"] == pytest.approx(22, abs=1)
    assert distances == sorted(distances)
    assert max(distances) <= 1000
    assert await airports(client, near=MANHATTAN, radius_km=10) == []


async def test_airports_near_a_place_are_read_in_pages(owner: Owner, client: httpx2.AsyncClient) -> None:
    make_reference(owner)
    denver: dict[str, str | int] = {"near": "39.86,-104.67", "radius_km": 1000}
    owner.execute(
        "insert into app.airports (code, name, city, country, latitude, longitude, zone) values "
        "('QZA', 'East Field', 'Plains', 'US', 39.9, -103, 'America/Denver'), "
        "('QZB', 'West Field', 'Hills', 'US', 39.9, -106, 'America/Denver') on conflict do nothing"
    )
    every = await airports(client, **denver)

    first = (await client.get("/v1/airports", params=denver | {"limit": 1})).json()
    second = (
        await client.get("/v1/airports", params=denver | {"limit": 1, "after": first["meta"]["after"]})
    ).json()
    back = (
        await client.get("/v1/airports", params=denver | {"limit": 1, "before": second["meta"]["before"]})
    ).json()

    assert [page["data"][0]["code"] for page in (first, second, back)] == [every[0], every[1], every[0]]


async def test_nearness_and_a_name_are_asked_together(owner: Owner, client: httpx2.AsyncClient) -> None:
    make_reference(owner)

    assert await airports(client, near=MANHATTAN, radius_km=1000, query="kennedy") == ["JFK"]


@pytest.mark.parametrize(
    "asked",
    [
        {"near": "91,0"},
        {"near": "0,181"},
        {"near": "here"},
        {"near": "40.7"},
        {"near": MANHATTAN, "radius_km": 0},
        {"near": MANHATTAN, "radius_km": 1001},
        {"near": MANHATTAN, "after": "bm9uc2Vuc2U"},
    ],
)
async def test_a_place_that_is_none_is_refused(
    client: httpx2.AsyncClient, asked: dict[str, str | int]
) -> None:
    assert (await client.get("/v1/airports", params=asked)).status_code == 422

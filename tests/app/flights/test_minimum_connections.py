"""How long a change of flights takes, by airport and by the borders it crosses."""

from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from app.core.db import transaction
from app.flights import service
from app.flights.schemas import Traffic
from tests.app.conftest import Owner
from tests.app.departures import make_reference
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

DOMESTIC, INTERNATIONAL = Traffic.DOMESTIC, Traffic.INTERNATIONAL


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the process remembers is of another test."""
    monkeypatch.setattr(service, "_minimum_connections_read_at", float("-inf"))
    yield
    service._minimum_connections_read_at = float("-inf")


@pytest.mark.parametrize(
    ("arriving", "departing", "minutes"),
    [
        (DOMESTIC, DOMESTIC, 45),
        (DOMESTIC, INTERNATIONAL, 90),
        (INTERNATIONAL, DOMESTIC, 90),
        (INTERNATIONAL, INTERNATIONAL, 90),
    ],
)
async def test_an_airport_that_states_nothing_has_the_defaults(
    arriving: Traffic, departing: Traffic, minutes: int
) -> None:
    async with transaction() as tx:
        needed = await service.minimum_connection(tx, "LAX", arriving, departing)

    assert needed == timedelta(minutes=minutes)


async def test_an_airport_states_what_differs_and_keeps_the_default_for_the_rest(owner: Owner) -> None:
    make_reference(owner)
    owner.execute(
        "insert into app.minimum_connections (airport, international_domestic_minutes) values ('JFK', 105)"
    )

    async with transaction() as tx:
        stated = (await service.minimum_connections(tx, ["JFK", "LAX"]))["JFK"]
    owner.execute("delete from app.minimum_connections")

    assert stated.between(INTERNATIONAL, DOMESTIC) == timedelta(minutes=105)
    assert stated.between(DOMESTIC, DOMESTIC) == timedelta(minutes=45)


PATH = "/v1/airports/LHR/minimum-connections"
ADMIN = "/v1/admin/airports/LHR/minimum-connections"


async def test_operations_states_what_differs_on_the_version_it_has_read(
    client: httpx2.AsyncClient, owner: Owner
) -> None:
    make_reference(owner)
    owner.execute("delete from app.minimum_connections")
    operator = Operator(client)
    body = {"international_international_minutes": 75}

    before = await client.get(PATH)
    stated = await client.put(ADMIN, json=body, headers=operator.headers({"if-match": '"v0"'}))
    stale = await client.put(ADMIN, json={}, headers=operator.headers({"if-match": '"v0"'}))
    blind = await client.put(ADMIN, json={}, headers=operator.headers())
    async with transaction() as tx:
        needed = await service.minimum_connection(tx, "LHR", INTERNATIONAL, INTERNATIONAL)
    owner.execute("delete from app.minimum_connections")

    assert (before.headers["etag"], before.json()["international_international_minutes"]) == ('"v0"', 90)
    assert stated.status_code == 200, stated.text
    assert (stated.json()["international_international_minutes"], stated.headers["etag"]) == (75, '"v1"')
    assert stated.json()["domestic_domestic_minutes"] == 45
    assert (stale.status_code, blind.status_code) == (412, 428)
    assert needed == timedelta(minutes=75)


async def test_an_unknown_airport_and_impossible_minutes_are_problems(client: httpx2.AsyncClient) -> None:
    headers = Operator(client).headers({"if-match": "*"})

    unknown = await client.get("/v1/airports/QQQ/minimum-connections")
    short = await client.put(ADMIN, json={"domestic_domestic_minutes": 9}, headers=headers)

    assert (unknown.status_code, unknown.json()["code"]) == (404, "airport_not_found")
    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (422, "/domestic_domestic_minutes")

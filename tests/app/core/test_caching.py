"""What a cache in front of us may keep, and being asked whether it is still right."""

from datetime import UTC, datetime

import httpx2
import pytest

from app.core.ids import encode
from tests.app.conftest import Owner
from tests.app.departures import make_departure, make_reference

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

MORNING = datetime(2035, 2, 10, 13, 0, tzinfo=UTC)


@pytest.fixture
def addresses(owner: Owner) -> list[str]:
    make_reference(owner)
    flight = encode("flt", make_departure(owner, departs_at=MORNING, live_at=MORNING).flight_id)
    return [
        f"/v1/flights/{flight}",
        "/v1/airports?query=new",
        "/v1/fare-calendar?origin=JFK&destination=LAX&month=2035-02",
    ]


async def test_what_is_the_same_to_everybody_may_be_kept_and_is_not_sent_twice(
    client: httpx2.AsyncClient, addresses: list[str]
) -> None:
    for address in addresses:
        first = await client.get(address)
        again = await client.get(address, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
        other = await client.get(address, headers={"if-none-match": '"other"'})

        assert first.headers["cache-control"].startswith("public, max-age="), address
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert other.status_code == 200
        assert other.json() | {"as_of": None} == first.json() | {"as_of": None}


async def test_what_has_changed_is_sent_with_another_tag(
    owner: Owner, client: httpx2.AsyncClient, addresses: list[str]
) -> None:
    before = await client.get(addresses[0])
    owner.execute(
        "update app.flights set status = 'delayed', delay_minutes = 20 where id = %s",
        (before.json()["id"].removeprefix("flt_"),),
    )

    after = await client.get(addresses[0], headers={"if-none-match": before.headers["etag"]})

    assert (after.status_code, after.json()["status"]) == (200, "delayed")


async def test_a_search_and_a_refusal_are_kept_by_nobody(client: httpx2.AsyncClient) -> None:
    refused = await client.get("/v1/airports?limit=0")
    searched = await client.post("/v1/offer-requests", json={})

    assert {answer.headers["cache-control"] for answer in (refused, searched)} == {"no-store"}

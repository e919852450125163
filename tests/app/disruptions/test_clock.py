"""The test clock: history played forward through the API, by the simulator alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import psycopg
import pytest

from app.core.config import Environment, get_settings
from app.core.ids import uuid7
from app.core.security import Role, mint_access_token, mint_service_token
from tests.app.departures import make_booking, make_departure
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

# Long before anything another test makes, so that nothing of theirs is played.
DEPARTS = datetime(2001, 5, 4, 16, 0, tzinfo=UTC)
CLOCK = "/v1/admin/test-clock"


def simulator() -> dict[str, str]:
    return {"authorization": f"Bearer {mint_service_token('simulator', [Role.SIMULATOR])}"}


@pytest.fixture
def owner(core_database: TestDatabase) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as connection:
        yield connection
        connection.execute("delete from app.test_clock")


async def advance(client: httpx2.AsyncClient, to: datetime) -> httpx2.Response:
    return await client.post(f"{CLOCK}/advance", json={"to": to.isoformat()}, headers=simulator())


async def test_advancing_ends_holds_and_applies_outcomes_up_to_that_moment(
    client: httpx2.AsyncClient, owner: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    early = make_departure(owner, departs_at=DEPARTS)
    late = make_departure(owner, departs_at=DEPARTS + timedelta(days=1))
    for departure in (early, late):
        owner.execute(
            "insert into app.flight_outcomes (flight_id, kind, departure_delay_minutes, "
            "arrival_delay_minutes, known_at) values (%s, 'flown', 12, 7, %s)",
            [departure.flight_id, departure.departs_at + timedelta(hours=7)],
        )
    dead, alive = make_booking(owner, DEPARTS), make_booking(owner, DEPARTS + timedelta(days=1))

    first = await advance(client, DEPARTS + timedelta(hours=8))
    again = await advance(client, DEPARTS + timedelta(hours=8))

    assert first.status_code == 200, first.text
    assert first.json() == {"now": "2001-05-05T00:00:00Z", "outcomes_applied": 1, "holds_expired": 1}
    assert again.json() | {"now": ""} == {"now": "", "outcomes_applied": 0, "holds_expired": 0}
    assert owner.execute("select status from app.bookings where id = %s", [dead]).fetchone() == ("expired",)
    assert owner.execute("select status from app.bookings where id = %s", [alive]).fetchone() == ("held",)
    events = owner.execute(
        "select type, occurred_at, simulated from app.domain_events where entity_id = any(%s) order by type",
        [[early.flight_id, dead]],
    ).fetchall()
    assert [event[0] for event in events] == ["FlightUpdated", "HoldExpired"]
    assert all(event[1] <= DEPARTS + timedelta(hours=8) for event in events)  # type: ignore[operator]

    rest = await advance(client, DEPARTS + timedelta(days=2))
    assert (rest.json()["outcomes_applied"], rest.json()["holds_expired"]) == (1, 1)


async def test_clock_does_not_go_back_until_it_is_removed(
    client: httpx2.AsyncClient, owner: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    await advance(client, DEPARTS + timedelta(days=30))

    back = await advance(client, DEPARTS)
    playing = await client.get(CLOCK, headers=simulator())
    removed = await client.delete(CLOCK, headers=simulator())
    after = await client.get(CLOCK, headers=simulator())

    assert (back.status_code, back.json()["code"]) == (409, "clock_goes_back")
    assert playing.json() == {"now": "2001-06-03T16:00:00Z", "paused": True}
    assert removed.status_code == 204
    assert after.json()["paused"] is False
    assert datetime.fromisoformat(after.json()["now"]).year > 2001


async def test_only_a_simulator_moves_the_clock_and_only_in_a_sandbox(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.ADMIN])}"}
    body = {"to": DEPARTS.isoformat()}

    by_admin = await client.post(f"{CLOCK}/advance", json=body, headers=admin)
    monkeypatch.setattr(get_settings(), "environment", Environment.PRODUCTION)
    in_production = await client.post(f"{CLOCK}/advance", json=body, headers=simulator())

    assert (by_admin.status_code, by_admin.json()["code"]) == (403, "forbidden")
    assert (in_production.status_code, in_production.json()["code"]) == (403, "not_a_sandbox")


async def test_moment_without_offset_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post(f"{CLOCK}/advance", json={"to": "2001-05-04T16:00:00"}, headers=simulator())

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/to"

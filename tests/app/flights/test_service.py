"""Flights as they are read, sold and overtaken by what happened."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from app.core.db import transaction
from app.core.ids import encode, uuid7
from app.flights import service
from app.flights.errors import FlightClosed, FlightNotFound
from tests.app.conftest import Owner
from tests.app.departures import NOON, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]


def make_outcome(
    owner: Owner, flight_id: UUID, kind: str, known_at: datetime, left: int | None, came: int | None
) -> None:
    owner.execute(
        "insert into app.flight_outcomes (flight_id, kind, departure_delay_minutes, arrival_delay_minutes, "
        "known_at) values (%s, %s, %s, %s, %s)",
        (flight_id, kind, left, came, known_at),
    )


def events_of(owner: Owner, flight_id: UUID) -> list[tuple[object, ...]]:
    return owner.execute(
        "select type, occurred_at, payload from app.domain_events where entity_id = %s", (flight_id,)
    ).fetchall()


async def apply_all(until: datetime, limit: int = 1000) -> int:
    applied = 0
    while True:
        async with transaction() as tx:
            changed = await service.apply_outcomes(tx, until, limit)
        if not changed:
            return applied
        applied += changed


async def test_a_flight_that_arrived_late_says_so_in_one_update_and_one_event(owner: Owner) -> None:
    departure = make_departure(owner, departs_at=NOON - timedelta(days=400))
    known_at = departure.departs_at + timedelta(hours=7)
    make_outcome(owner, departure.flight_id, "flown", known_at, 25, -10)

    applied = await apply_all(known_at)

    assert applied == 1
    async with transaction() as tx:
        flight = await service.get_flight(tx, departure.flight_id)
    assert (flight.status, flight.delay_minutes) == ("arrived", 25)
    assert flight.estimated_departs_at == departure.departs_at + timedelta(minutes=25)
    assert flight.estimated_arrives_at == flight.arrives_at - timedelta(minutes=10)
    payload = {"flight_id": str(departure.flight_id), "status": "arrived", "delay_minutes": 25}
    assert events_of(owner, departure.flight_id) == [("FlightUpdated", known_at, payload)]


async def test_outcomes_wait_until_they_can_be_known_and_happen_once(owner: Owner) -> None:
    departure = make_departure(owner, departs_at=NOON - timedelta(days=300))
    known_at = departure.departs_at - timedelta(hours=2)
    make_outcome(owner, departure.flight_id, "cancelled", known_at, None, None)

    before = await apply_all(known_at - timedelta(seconds=1))
    at_its_time = await apply_all(known_at)
    again = await apply_all(known_at + timedelta(days=1))

    assert (before, at_its_time, again) == (0, 1, 0)
    assert len(events_of(owner, departure.flight_id)) == 1


async def test_outcomes_are_applied_in_bounded_steps(owner: Owner) -> None:
    until = NOON - timedelta(days=200)
    flights = [make_departure(owner, departs_at=until) for _ in range(5)]
    for flight in flights:
        make_outcome(owner, flight.flight_id, "diverted", until, 3, None)

    async with transaction() as tx:
        first = await service.apply_outcomes(tx, until, limit=2)
    rest = await apply_all(until, limit=2)

    assert (first, rest) == (2, 3)


async def test_a_cancelled_flight_is_closed_and_says_why(owner: Owner) -> None:
    departure = make_departure(owner, status="cancelled")
    async with transaction() as tx:
        flight = await service.get_flight(tx, departure.flight_id)

    with pytest.raises(FlightClosed, match="is cancelled"):
        service.ensure_open_for_sale(flight, departure.departs_at - timedelta(days=3))


async def test_a_missing_flight_is_missed_among_others(owner: Owner) -> None:
    departure = make_departure(owner)

    async with transaction() as tx:
        with pytest.raises(FlightNotFound):
            await service.get_flights(tx, [departure.flight_id, uuid7()])


async def test_the_route_gives_local_times_beside_their_zones(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    departure = make_departure(owner, departs_at=datetime(2031, 7, 1, 12, 0, tzinfo=UTC))

    answer = await client.get(f"/v1/flights/{encode('flt', departure.flight_id)}")

    assert answer.status_code == 200
    flight = answer.json()
    assert (flight["departs_local"], flight["departs_zone"]) == ("2031-07-01T08:00:00", "America/New_York")
    assert (flight["arrives_local"], flight["arrives_zone"]) == ("2031-07-01T11:10:00", "America/Los_Angeles")
    assert flight["departs_at"] == "2031-07-01T12:00:00Z"


async def test_availability_names_the_newest_change_it_includes(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    changed_at = datetime.now(UTC) - timedelta(seconds=30)
    departure = make_departure(owner, cabins={"economy": {"Y": 9, "K": 4}}, live_at=changed_at)

    answer = (await client.get(f"/v1/flights/{encode('flt', departure.flight_id)}/availability")).json()

    assert answer["cabins"][0]["classes"] == [
        {"fare_class": "Y", "seats_open": 9},
        {"fare_class": "K", "seats_open": 4},
    ]
    assert datetime.fromisoformat(answer["as_of"]) == changed_at
    assert 30_000 <= answer["age_ms"] < 60_000


async def test_a_flight_the_streams_have_not_seen_has_no_availability_yet(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    departure = make_departure(owner)

    answer = (await client.get(f"/v1/flights/{encode('flt', departure.flight_id)}/availability")).json()

    assert (answer["cabins"], answer["as_of"], answer["age_ms"]) == ([], None, None)


@pytest.mark.parametrize("path", ["", "/availability"])
async def test_an_unknown_flight_is_a_problem(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(f"/v1/flights/{encode('flt', uuid7())}{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "flight_not_found")

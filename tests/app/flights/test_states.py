"""What a flight may become, from where, and what is told of it."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.core.db import transaction
from app.flights import rules, service
from app.flights.errors import FlightClosed, FlightNotFound, StatusRefused
from app.flights.schemas import FlightStatus
from tests.app.conftest import Owner
from tests.app.departures import NOON, make_departure
from tests.app.flights.test_service import events_of

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

NOW = NOON - timedelta(hours=3)
LIFE = [FlightStatus.CHECK_IN_OPEN, FlightStatus.BOARDING, FlightStatus.DEPARTED, FlightStatus.ARRIVED]


async def become(flight_id: UUID, status: FlightStatus) -> None:
    async with transaction() as tx:
        await service.set_status(tx, flight_id, status, NOW)


async def delay(flight_id: UUID, minutes: int) -> None:
    async with transaction() as tx:
        await service.set_delay(tx, flight_id, minutes, NOW)


async def test_a_flight_goes_through_its_life_and_each_step_is_told(owner: Owner) -> None:
    departure = make_departure(owner)

    for status in LIFE:
        await become(departure.flight_id, status)

    told = [event[2]["status"] for event in events_of(owner, departure.flight_id)]  # type: ignore[index]
    assert told == [status.value for status in LIFE]


@pytest.mark.parametrize("status", list(FlightStatus))
@pytest.mark.parametrize("to", list(FlightStatus))
async def test_a_step_the_table_does_not_hold_is_refused_and_changes_nothing(
    owner: Owner, status: FlightStatus, to: FlightStatus
) -> None:
    departure = make_departure(owner, status=status)

    if rules.may_become(status, to):
        await become(departure.flight_id, to)
        return
    with pytest.raises(StatusRefused):
        await become(departure.flight_id, to)

    assert events_of(owner, departure.flight_id) == []


def test_nothing_leaves_an_end_and_every_end_can_be_reached() -> None:
    ends = {status for status, to in rules.TRANSITIONS.items() if not to}
    reached = {FlightStatus.SCHEDULED}
    for _ in FlightStatus:
        reached |= {to for status in reached for to in rules.TRANSITIONS[status]}

    assert ends == {FlightStatus.ARRIVED, FlightStatus.CANCELLED, FlightStatus.DIVERTED}
    assert reached == set(FlightStatus)


async def test_a_delay_moves_what_is_expected_and_may_be_taken_back(owner: Owner) -> None:
    departure = make_departure(owner)

    await delay(departure.flight_id, 150)
    async with transaction() as tx:
        late = await service.get_flight(tx, departure.flight_id)
    await delay(departure.flight_id, 0)
    async with transaction() as tx:
        again = await service.get_flight(tx, departure.flight_id)

    assert (late.status, late.delay_minutes) == (FlightStatus.DELAYED, 150)
    assert late.estimated_departs_at == late.departs_at + timedelta(minutes=150)
    assert late.estimated_arrives_at == late.arrives_at + timedelta(minutes=150)
    assert (again.status, again.delay_minutes, again.estimated_departs_at) == ("scheduled", 0, None)


async def test_a_delay_does_not_close_check_in(owner: Owner) -> None:
    departure = make_departure(owner, status="check_in_open")

    await delay(departure.flight_id, 30)

    async with transaction() as tx:
        flight = await service.get_flight(tx, departure.flight_id)
    assert (flight.status, flight.delay_minutes) == (FlightStatus.CHECK_IN_OPEN, 30)


@pytest.mark.parametrize("status", ["departed", "arrived", "cancelled", "diverted"])
async def test_what_has_left_or_never_will_is_neither_delayed_nor_sold(owner: Owner, status: str) -> None:
    departure = make_departure(owner, status=status)

    with pytest.raises(StatusRefused):
        await delay(departure.flight_id, 30)
    async with transaction() as tx:
        flight = await service.get_flight(tx, departure.flight_id)
    with pytest.raises(FlightClosed):
        service.ensure_operates(flight)


async def test_a_flight_that_is_not_there_is_not_found() -> None:
    with pytest.raises(FlightNotFound):
        await become(UUID(int=1), FlightStatus.CANCELLED)

"""Ways to fly a slice, found among real rows."""

from datetime import UTC, datetime, time, timedelta
from itertools import count

import pytest

from app.core.db import transaction
from app.flights.connections import service
from app.flights.connections.schemas import SliceQuery, TimeWindow
from app.flights.schemas import Cabin
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

FULL = {"economy": {"Y": 9}}
_days = count(0)


@pytest.fixture
def morning() -> datetime:
    """Eight in the morning at JFK of a day no other test has flights on: 12:00 or 13:00 UTC."""
    return datetime(2033, 1, 10, 13, 0, tzinfo=UTC) + timedelta(days=4 * next(_days))


def fly(
    owner: Owner,
    origin: str,
    destination: str,
    departs_at: datetime,
    hours: float = 2,
    *,
    airline: str = "B6",
    seats: int = 9,
) -> Departure:
    flight = make_departure(
        owner, origin=origin, destination=destination, departs_at=departs_at, live_at=departs_at,
        cabins={"economy": {"Y": 9}}, airline=airline, flight_time=timedelta(hours=hours),
        distance_km=1500,
    )  # fmt: skip
    if seats < 9:
        owner.execute(
            "update live.availability set seats_open = %s where flight_id = %s", ([seats], flight.flight_id)
        )
    return flight


async def find(
    morning: datetime,
    max_stops: int | None = 2,
    origin: str = "JFK",
    destination: str = "LAX",
    **narrow: object,
) -> list[list[object]]:
    query = SliceQuery(origin, destination, morning.date(), Cabin.ECONOMY, seats=2)
    query = SliceQuery(**({name: getattr(query, name) for name in query.__slots__} | narrow))
    async with transaction() as session:
        ways = await service.find_itineraries(session, query, morning - timedelta(days=30), max_stops)
    return [[leg.flight_id for leg in way] for way in ways]


async def test_a_connection_is_found_where_the_change_is_long_enough(owner: Owner, morning: datetime) -> None:
    first = fly(owner, "JFK", "ORD", morning)
    fly(owner, "ORD", "LAX", morning + timedelta(hours=2, minutes=30))
    late = fly(owner, "ORD", "LAX", morning + timedelta(hours=3))

    assert await find(morning) == [[first.flight_id, late.flight_id]]


async def test_two_changes_are_found_and_one_is_not_passed_off_as_two(
    owner: Owner, morning: datetime
) -> None:
    first = fly(owner, "JFK", "ORD", morning)
    second = fly(owner, "ORD", "DEN", morning + timedelta(hours=3))
    third = fly(owner, "DEN", "LAX", morning + timedelta(hours=6))

    assert await find(morning, 2) == [[first.flight_id, second.flight_id, third.flight_id]]
    assert await find(morning, 1) == []
    assert await find(morning, None) == [[first.flight_id, second.flight_id, third.flight_id]]


async def test_without_a_wish_changes_are_looked_for_only_where_nothing_goes_direct(
    owner: Owner, morning: datetime
) -> None:
    direct = fly(owner, "JFK", "LAX", morning)
    first = fly(owner, "JFK", "ORD", morning)
    last = fly(owner, "ORD", "LAX", morning + timedelta(hours=3))

    assert await find(morning, None) == [[direct.flight_id]]
    assert await find(morning, 1) == [[direct.flight_id], [first.flight_id, last.flight_id]]
    assert await find(morning, 0) == [[direct.flight_id]]


async def test_two_airlines_make_no_connection(owner: Owner, morning: datetime) -> None:
    fly(owner, "JFK", "ORD", morning)
    fly(owner, "ORD", "LAX", morning + timedelta(hours=3), airline="UA")

    assert await find(morning) == []


async def test_every_flight_of_a_connection_has_seats_for_the_party(owner: Owner, morning: datetime) -> None:
    fly(owner, "JFK", "ORD", morning)
    fly(owner, "ORD", "LAX", morning + timedelta(hours=3), seats=1)

    assert await find(morning) == []
    assert len(await find(morning, seats=1)) == 1


async def test_a_way_round_the_world_is_not_looked_at(owner: Owner, morning: datetime) -> None:
    fly(owner, "JFK", "LHR", morning, 7)
    fly(owner, "LHR", "ORD", morning + timedelta(hours=9), 8)
    assert len(await find(morning, destination="ORD")) == 1

    owner.execute("update app.flights set distance_km = 5500 where 'LHR' in (origin, destination)")

    assert await find(morning, destination="ORD") == []


async def test_windows_of_local_time_are_kept_at_both_ends(owner: Owner, morning: datetime) -> None:
    """Eight in New York; four hours later it is nine in Los Angeles."""
    early = fly(owner, "JFK", "LAX", morning, 4)
    late = fly(owner, "JFK", "LAX", morning + timedelta(hours=6), 4)

    assert await find(morning, departs=TimeWindow(time(8), time(8))) == [[early.flight_id]]
    assert await find(morning, departs=TimeWindow(time(9), time(23))) == [[late.flight_id]]
    assert await find(morning, arrives=TimeWindow(time(0), time(9))) == [[early.flight_id]]
    assert await find(morning, departs=TimeWindow(time(22), time(13))) == [[early.flight_id]]


async def test_a_window_at_the_destination_is_that_of_the_last_flight(
    owner: Owner, morning: datetime
) -> None:
    fly(owner, "JFK", "ORD", morning)
    fly(owner, "ORD", "LAX", morning + timedelta(hours=3))

    assert len(await find(morning, arrives=TimeWindow(time(10), time(10)))) == 1
    assert await find(morning, arrives=TimeWindow(time(11), time(23))) == []


async def test_only_the_airlines_asked_for_are_found(owner: Owner, morning: datetime) -> None:
    fly(owner, "JFK", "LAX", morning)
    other = fly(owner, "JFK", "LAX", morning + timedelta(hours=1), airline="UA")

    assert await find(morning, airlines=("UA",)) == [[other.flight_id]]


async def test_an_onward_flight_may_leave_the_next_day(owner: Owner, morning: datetime) -> None:
    first = fly(owner, "JFK", "ORD", morning + timedelta(hours=14))
    last = fly(owner, "ORD", "LAX", morning + timedelta(hours=24))

    assert await find(morning) == [[first.flight_id, last.flight_id]]


async def test_a_flight_over_the_date_line_connects_to_one_that_left_the_day_before(
    owner: Owner, morning: datetime
) -> None:
    """It leaves Auckland early on the 11th and reaches Los Angeles about noon of the 10th."""
    leaves = morning.replace(hour=12) + timedelta(days=0)
    first = fly(owner, "AKL", "LAX", leaves, 12)
    last = fly(owner, "LAX", "JFK", leaves + timedelta(hours=14), 5)
    day = leaves + timedelta(days=1)
    owner.execute("update app.flights set distance_km = 10000 where origin = 'AKL'")

    assert await find(day, origin="AKL", destination="JFK") == [[first.flight_id, last.flight_id]]
    local = owner.execute(
        "select arrives_local < departs_local, departs_at < arrives_at from app.flights where id = %s",
        (first.flight_id,),
    ).fetchone()
    assert local == (True, True)


async def test_a_change_in_the_repeated_hour_is_measured_in_real_time(owner: Owner) -> None:
    """On 6 November 2033 New York's clocks go back at two. By the clock on the wall there are forty minutes
    between 01:50 and 02:30, too few for a border; in truth there are a hundred."""
    arrives = datetime(2033, 11, 6, 5, 50, tzinfo=UTC)
    first = fly(owner, "ORD", "JFK", arrives - timedelta(hours=3), 3)
    last = fly(owner, "JFK", "LHR", arrives + timedelta(minutes=100), 7)

    day = arrives - timedelta(hours=12)
    assert await find(day, origin="ORD", destination="LHR") == [[first.flight_id, last.flight_id]]

"""Dated flights out of the timetable: each once, at the right moment whatever the clocks do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.ids import uuid7
from app.flights.schedules import service
from tests.app.conftest import Owner
from tests.app.flights.schedules.test_schedules import make
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

PATH = "/v1/admin/flights/generate"


async def generate(operator: Operator, first: str, last: str, **more: Any) -> dict[str, Any]:
    answer = await operator.post(PATH, {"first": first, "last": last} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def flights_of(owner: Owner, number: str) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select departure_date::text, departs_local::text, departs_at, arrives_local::text, arrives_at, "
        "distance_km from app.flights where airline = 'ZQ' and flight_number = %s order by departs_at",
        (number,),
    ).fetchall()


async def test_every_departure_of_the_range_is_made_once_with_its_cabins(
    operator: Operator, owner: Owner
) -> None:
    made = await make(operator, weekdays=[1, 2, 3, 4, 5, 6, 7])
    number = made[0]["flight_number"]

    first = await generate(operator, "2033-05-25", "2033-06-05", airline="ZQ")
    again = await generate(operator, "2033-05-25", "2033-06-05", airline="ZQ")

    assert [flight[0] for flight in flights_of(owner, number)] == [f"2033-05-{n}" for n in range(25, 32)]
    assert (again["made"], again["known"]) == (0, first["made"] + first["known"])
    cabins = owner.execute(
        "select cabin, capacity, authorised, limits[1], held, sold from app.cabin_inventories "
        "join app.flights as f on f.id = flight_id where f.flight_number = %s and f.airline = 'ZQ' "
        "and f.departure_date = '2033-05-25' order by cabin",
        (number,),
    ).fetchall()
    assert cabins == [
        ("business", 12, 12, 12, [0] * 3, [0] * 3),
        ("economy", 150, 150, 150, [0] * 6, [0] * 6),
    ]


async def test_local_times_are_moments_on_both_sides_of_a_change_of_clocks(
    operator: Operator, owner: Owner
) -> None:
    """New York goes forward on Sunday 13 March 2033 at 02:00."""
    (made,) = await make(operator, weekdays=[7], departs_local="02:30:00", arrives_local="05:30:00")

    await generate(operator, "2033-03-01", "2033-03-31", schedule_id=made["id"])

    flown = flights_of(owner, made["flight_number"])
    assert [(row[1], row[2]) for row in flown][:3] == [
        ("2033-03-06 02:30:00", datetime(2033, 3, 6, 7, 30, tzinfo=UTC)),
        ("2033-03-13 03:30:00", datetime(2033, 3, 13, 7, 30, tzinfo=UTC)),
        ("2033-03-20 02:30:00", datetime(2033, 3, 20, 6, 30, tzinfo=UTC)),
    ]
    assert all(row[4] > row[2] for row in flown)


async def test_a_flight_may_arrive_on_the_day_after(operator: Operator, owner: Owner) -> None:
    late = {"departs_local": "21:00:00", "arrives_local": "00:10:00", "arrives_day_offset": 1}
    (made,) = await make(operator, weekdays=[1], **late)

    await generate(operator, "2033-03-14", "2033-03-14", schedule_id=made["id"])

    ((_, _, departs_at, arrives_local, arrives_at, distance_km),) = flights_of(owner, made["flight_number"])
    assert arrives_local == "2033-03-15 00:10:00"
    assert (arrives_at - departs_at).total_seconds() == 6 * 3600 + 10 * 60
    assert 3900 < distance_km < 4000


async def test_the_same_key_makes_the_same_flights_once(operator: Operator, owner: Owner) -> None:
    (made,) = await make(operator, weekdays=[2])
    body, key = {"first": "2033-03-08", "last": "2033-03-08", "schedule_id": made["id"]}, uuid7().hex

    first = await operator.post(PATH, body, key)
    again = await operator.post(PATH, body, key)

    assert (first.json()["made"], again.json()["made"]) == (1, 1)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(flights_of(owner, made["flight_number"])) == 1


@pytest.mark.parametrize("last", ["2033-03-07", "2034-12-31"])
async def test_a_range_that_is_none_is_refused(operator: Operator, last: str) -> None:
    assert (await operator.post(PATH, {"first": "2033-03-08", "last": last})).status_code == 422


async def test_a_range_that_holds_too_much_is_refused_and_makes_nothing(
    operator: Operator, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = await make(operator, weekdays=[1])
    monkeypatch.setattr(service, "MOST_DEPARTURES", 2)

    body = {"first": "2033-03-01", "last": "2033-03-31", "schedule_id": made["id"]}
    answer = await operator.post(PATH, body)

    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_departures")
    assert flights_of(owner, made["flight_number"]) == []

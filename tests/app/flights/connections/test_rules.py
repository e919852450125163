"""Which connections can be flown: time enough at each change, and no airport twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.core.ids import uuid7
from app.flights.connections.rules import (
    LONGEST_CONNECTION,
    bounds_for,
    can_be_flown,
    great_circle_km,
)
from app.flights.rules import DEFAULT_MINIMUM_CONNECTIONS
from app.flights.schemas import Departure

DOMESTIC_CONNECTION, INTERNATIONAL_CONNECTION = timedelta(minutes=45), timedelta(minutes=90)
EVERYWHERE = dict.fromkeys(["JFK", "ORD", "DEN", "LAX", "LHR", "CDG", "ZZZ"], DEFAULT_MINIMUM_CONNECTIONS)
NOON = datetime(2031, 3, 9, 12, 0, tzinfo=UTC)
COUNTRIES = {"JFK": "US", "ORD": "US", "DEN": "US", "LAX": "US", "LHR": "GB", "CDG": "FR"}


def leg(origin: str, destination: str, departs_at: datetime, hours: float = 2) -> Departure:
    arrives_at = departs_at + timedelta(hours=hours)
    return Departure(
        uuid7(), "B6", "1", origin, destination, departs_at.date(), departs_at.replace(tzinfo=None),
        "UTC", arrives_at.replace(tzinfo=None), "UTC", departs_at, arrives_at, "A320", 1000,
        ["Y"], [9], NOON, NOON,
    )  # fmt: skip


def way(airports: Sequence[str], waits: Sequence[timedelta]) -> list[Departure]:
    legs, departs_at = [], NOON
    for place, (origin, destination) in enumerate(pairwise(airports)):
        legs.append(leg(origin, destination, departs_at))
        if place < len(waits):
            departs_at = legs[-1].arrives_at + waits[place]
    return legs


def test_an_airport_of_an_unknown_country_is_abroad() -> None:
    hour = timedelta(hours=1)

    assert can_be_flown(way(["JFK", "ORD", "LAX"], [hour]), COUNTRIES, EVERYWHERE)
    assert not can_be_flown(way(["JFK", "ORD", "ZZZ"], [hour]), COUNTRIES, EVERYWHERE)


def test_an_airports_own_time_decides() -> None:
    slow = replace(DEFAULT_MINIMUM_CONNECTIONS, domestic_domestic=timedelta(hours=2))
    hour = timedelta(hours=1)

    assert not can_be_flown(way(["JFK", "ORD", "LAX"], [hour]), COUNTRIES, EVERYWHERE | {"ORD": slow})


@pytest.mark.parametrize(
    ("airports", "waits", "expected"),
    [
        (["JFK", "ORD", "LAX"], [DOMESTIC_CONNECTION], True),
        (["JFK", "ORD", "LAX"], [DOMESTIC_CONNECTION - timedelta(minutes=1)], False),
        (["LHR", "JFK", "LAX"], [DOMESTIC_CONNECTION], False),
        (["LHR", "JFK", "LAX"], [INTERNATIONAL_CONNECTION], True),
        (["JFK", "ORD", "LAX"], [LONGEST_CONNECTION], True),
        (["JFK", "ORD", "LAX"], [LONGEST_CONNECTION + timedelta(minutes=1)], False),
        (["JFK", "ORD", "DEN", "LAX"], [timedelta(hours=1)] * 2, True),
        (["JFK", "ORD", "JFK", "LAX"], [timedelta(hours=1)] * 2, False),
    ],
)
def test_a_way_can_be_flown_or_not(airports: list[str], waits: list[timedelta], expected: bool) -> None:
    assert can_be_flown(way(airports, waits), COUNTRIES, EVERYWHERE) is expected


def test_a_flight_from_another_airport_than_it_arrived_at_connects_to_nothing() -> None:
    apart = [leg("JFK", "ORD", NOON), leg("DEN", "LAX", NOON + timedelta(hours=4))]

    assert not can_be_flown(apart, COUNTRIES, EVERYWHERE)


def test_the_great_circle_is_as_long_as_the_atlas_says() -> None:
    new_york, los_angeles = (40.6398, -73.7789), (33.9425, -118.408)

    assert great_circle_km(new_york, los_angeles) == pytest.approx(3974, rel=0.005)
    assert great_circle_km(new_york, new_york) == 0
    assert bounds_for(1000).longest_way_km > 2000

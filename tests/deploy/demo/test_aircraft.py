"""Aircraft types: seats by the registry, cabins by size, a default where no airliner is known."""

from collections import Counter
from datetime import date

import pytest

from app.inventory.rules import opening_limits
from deploy.demo.aircraft import build_fleet, split_cabins
from deploy.demo.source import Plane, Source, read_source


def a_source(planes: list[Plane], flown: dict[tuple[str, str], int]) -> Source:
    return Source({}, {plane.tail_number: plane for plane in planes}, {}, Counter(flown))


def test_a_departure_without_a_plane_row_gets_the_type_its_airline_flew_most() -> None:
    fleet = build_fleet(
        a_source(
            [Plane("N1", "BOEING", "737-824", 149), Plane("N2", "BOEING", "757-224", 178)],
            {("UA", "N1"): 5, ("UA", "N2"): 9, ("UA", "N404"): 99},
        )
    )

    assert fleet.type_of("UA", "N1") == "737-824"
    assert fleet.type_of("UA", "N404") == "757-224"
    assert fleet.type_of("UA", None) == "757-224"


def test_a_registration_that_passed_to_a_light_aircraft_is_not_believed() -> None:
    fleet = build_fleet(
        a_source(
            [Plane("N1", "CESSNA", "172N", 4), Plane("N2", "BOEING", "737-824", 149)], {("AA", "N1"): 50}
        )
    )

    assert "172N" not in fleet.types
    assert fleet.type_of("AA", "N1") == "737-824"


def test_two_seatings_of_one_model_are_two_types() -> None:
    planes = [Plane("N1", "AIRBUS", "A319-112", 179), Plane("N2", "AIRBUS", "A319-112", 179)]

    fleet = build_fleet(a_source([*planes, Plane("N3", "AIRBUS", "A319-112", 100)], {("US", "N1"): 1}))

    assert {code: kind.seats for code, kind in fleet.types.items()} == {"A319-112": 179, "A319-112/100": 100}


def test_every_airline_of_the_source_has_a_default_that_exists() -> None:
    source = read_source([date(2013, 1, 1)])

    fleet = build_fleet(source)

    for airline in source.airlines:
        assert fleet.type_of(airline, None) in fleet.types


@pytest.mark.parametrize("seats", range(50, 460))
def test_cabins_add_up_and_their_limits_are_nested(seats: int) -> None:
    cabins = split_cabins(seats)

    assert sum(cabins.values()) == seats
    for cabin, capacity in cabins.items():
        limits = list(opening_limits(cabin, capacity).values())
        assert limits[0] == capacity
        assert limits == sorted(limits, reverse=True)
        assert limits[-1] > 0

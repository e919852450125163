"""Aircraft types get their layouts, once each, and flights with another seating their own."""

import pytest

from app.core.db import transaction
from app.inventory import service
from tests.app.conftest import Owner
from tests.app.departures import make_departure, make_reference

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]


def configurations(owner: Owner, aircraft_type: str) -> list[str]:
    rows = owner.execute(
        "select configuration from app.seat_layouts where aircraft_type = %s order by id", (aircraft_type,)
    )
    return [str(row[0]) for row in rows]


async def make() -> int:
    async with transaction() as session:
        return await service.make_layouts(session, 100)


async def test_each_aircraft_type_gets_one_layout_of_its_own_seating(owner: Owner) -> None:
    make_reference(owner)
    owner.execute(
        "insert into app.aircraft_types (code, manufacturer, model, seats, cabins) values ('T150', 'T', 'T', "
        '150, \'[{"cabin": "business", "seats": 12}, {"cabin": "economy", "seats": 138}]\')'
    )

    made, again = await make(), await make()

    assert (made >= 1, again) == (True, 0)
    assert configurations(owner, "T150") == ["business=12,economy=138"]


async def test_flight_with_another_seating_gets_a_layout_when_it_is_first_looked_at(owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": {"Y": 77}})

    async with transaction() as session:
        first = await service.get_layout(session, departure.flight_id)
    async with transaction() as session:
        second = await service.get_layout(session, departure.flight_id)

    assert first == second
    assert configurations(owner, "A320").count("economy=77") == 1

"""How long a change of flights takes, by airport and by the borders it crosses."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.core.db import transaction
from app.flights import service
from app.flights.schemas import Traffic
from tests.app.conftest import Owner
from tests.app.departures import make_reference

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

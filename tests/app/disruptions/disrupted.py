"""Flights with others beside them, on a route and days of their own, for the tests of disruptions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from app.core import clock
from app.core.db import transaction
from app.core.ids import encode
from app.disruptions.changes.asking_service import look_at_bookings
from app.disruptions.operations import store
from tests.app.bookings.travellers import Traveller
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure
from tests.app.operators import Operator

ECONOMY = {"Y": 60, "B": 50, "M": 40, "H": 30, "Q": 20, "K": 10}
WHY = {"reason": "Late arrival of the aircraft"}
HOUR = timedelta(hours=1)

# A week apart, so that no test finds another's flights among its options.
_days = count(100, 7)


def a_day() -> datetime:
    """A day of its own, at a time that is the same date on both sides of the Atlantic."""
    now = datetime.now(UTC)
    return (now + timedelta(days=next(_days))).replace(hour=17, minute=0, second=0, microsecond=0)


def flight(
    owner: Owner,
    departs_at: datetime,
    *,
    origin: str = "DEN",
    destination: str = "ORD",
    seats: Mapping[str, int] = ECONOMY,
    flight_time: timedelta = 3 * HOUR,
) -> Departure:
    return make_departure(
        owner,
        departs_at=departs_at,
        origin=origin,
        destination=destination,
        cabins={"economy": seats},
        live_at=datetime.now(UTC),
        flight_time=flight_time,
        distance_km=1300,
    )


def public_id(departure: Departure) -> str:
    return encode("flt", departure.flight_id)


def path_of(departure: Departure, step: str) -> str:
    return f"/v1/admin/flights/{public_id(departure)}/{step}"


async def disrupt(operator: Operator, departure: Departure, step: str, **body: Any) -> dict[str, Any]:
    answer = await operator.post(path_of(departure, step), WHY | body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ask_everybody() -> int:
    """What the chore does, until there is nobody left to ask."""
    looked_at = 0
    for _ in range(200):
        async with transaction() as session:
            before = looked_at
            looked_at += await look_at_bookings(session, await clock.now(session), 10)
        if looked_at == before and not await _unfinished():
            return looked_at
    raise AssertionError("there is always another booking")


async def _unfinished() -> bool:
    async with transaction() as session:
        return await store.find_unfinished_for_update(session, []) is not None


async def ticketed(traveller: Traveller, departure: Departure, **more: Any) -> dict[str, Any]:
    booking = await traveller.book(departure, **more)
    assert (await traveller.pay(booking))["status"] == "captured"
    return booking


async def open_change(traveller: Traveller, booking: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/bookings/{booking['id']}/schedule-changes")
    assert answer.status_code == 200, answer.text
    (found,) = [change for change in answer.json()["data"] if change["status"] == "open"]
    return dict(found)

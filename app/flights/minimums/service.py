"""Reading and stating an airport's connection times."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core.etags import Expected, PreconditionFailed
from app.core.security import Caller
from app.flights import service as flights
from app.flights.minimums import store
from app.flights.minimums.errors import AirportNotFound
from app.flights.minimums.schemas import Minimums, StatedMinimums
from app.flights.rules import DEFAULT_MINIMUM_CONNECTIONS
from app.reference import service as reference


async def get(session: AsyncSession, airport: str) -> Minimums:
    """Raises AirportNotFound."""
    if airport not in await reference.find_airports(session, [airport]):
        raise AirportNotFound()
    row = await store.find(session, airport)
    stated = StatedMinimums(**row.model_dump(include=set(StatedMinimums.model_fields)) if row else {})
    holding = {
        name: minutes if minutes is not None else _default(name)
        for name, minutes in stated.model_dump().items()
    }
    return Minimums(airport=airport, stated=stated, version=row.version if row else 0, **holding)


async def state(
    session: AsyncSession, caller: Caller, airport: str, request: StatedMinimums, expected: Expected
) -> Minimums:
    """Replace what the airport states. Other processes follow within a minute.

    Raises AirportNotFound, PreconditionFailed."""
    before = await get(session, airport)
    expected.ensure(before.version)
    if not await store.put(session, airport, before.version, request.model_dump()):
        raise PreconditionFailed()
    after = await get(session, airport)
    await audit.record(
        session,
        "minimum_connections.stated",
        "airport",
        airport,
        actor=caller,
        before=before.stated.model_dump(),
        after=after.stated.model_dump(),
    )
    flights.forget_minimum_connections()
    return after


def _default(name: str) -> int:
    minimum: timedelta = getattr(DEFAULT_MINIMUM_CONNECTIONS, name.removesuffix("_minutes"))
    return int(minimum.total_seconds()) // 60

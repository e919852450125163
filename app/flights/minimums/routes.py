"""Connection times over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.core import etags
from app.core.db import Transaction
from app.core.etags import IfMatch
from app.core.http import PROBLEM_RESPONSES
from app.core.security import CurrentCaller, Role, require_role
from app.flights.minimums import service
from app.flights.minimums.schemas import Minimums, StatedMinimums

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)

Airport = Annotated[str, Path(pattern="^[A-Z]{3}$", description="IATA code", examples=["JFK"])]


@router.get(
    "/airports/{airport}/minimum-connections",
    summary="Read how long a change of flights takes at an airport",
    status_code=200,
)
async def get_minimum_connections(airport: Airport, tx: Transaction, response: Response) -> Minimums:
    found = await service.get(tx, airport)
    etags.tag(response, found.version)
    return found


@router.put(
    "/admin/airports/{airport}/minimum-connections",
    summary="State how long a change of flights takes at an airport",
    tags=["operations"],
    status_code=200,
    dependencies=[require_role(Role.OPERATIONS, Role.ADMIN)],
)
async def state_minimum_connections(
    airport: Airport,
    body: StatedMinimums,
    caller: CurrentCaller,
    expected: IfMatch,
    tx: Transaction,
    response: Response,
) -> Minimums:
    """Connections that are shorter are sold no more, nor offered to travellers whose flight is off."""
    stated = await service.state(tx, caller, airport, body, expected)
    etags.tag(response, stated.version)
    return stated

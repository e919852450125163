"""Flight operations over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest
from app.core.ids import FlightId
from app.core.security import CurrentCaller, Role, require_role
from app.disruptions.operations import service
from app.disruptions.operations.schemas import (
    AircraftSwap,
    CancelFlight,
    Delay,
    Disruptions,
    Diversion,
    FlightDisrupted,
    Generated,
    Generation,
    StatusChange,
)

router = APIRouter(
    prefix="/v1/admin/flights",
    tags=["operations"],
    responses=PROBLEM_RESPONSES,
    dependencies=[require_role(Role.OPERATIONS, Role.ADMIN)],
)


@router.post(
    "/generate",
    summary="Make the timetable's flights for a range of days",
    status_code=201,
    response_model=Generated,
)
async def generate_flights(
    body: Generation, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Local times become moments by each airport's own clock. Asked again, it makes what is missing."""
    return await key.once(tx, 201, lambda: service.generate(tx, caller, body))


@router.post(
    "/{flight_id}/status",
    summary="Let a flight go on to its next state",
    status_code=200,
    response_model=FlightDisrupted,
)
async def set_flight_status(
    flight_id: FlightId, body: StatusChange, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    return await key.once(tx, 200, lambda: service.set_status(tx, caller, flight_id, body))


@router.post("/{flight_id}/delay", summary="Delay a flight", status_code=200, response_model=FlightDisrupted)
async def delay_flight(
    flight_id: FlightId, body: Delay, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Two hours or more, or a connection that no longer holds, and travellers are asked what they want."""
    return await key.once(tx, 200, lambda: service.delay(tx, caller, flight_id, body))


@router.post(
    "/{flight_id}/cancel", summary="Cancel a flight", status_code=200, response_model=FlightDisrupted
)
async def cancel_flight(
    flight_id: FlightId, body: CancelFlight, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Every traveller is offered other flights, and their money back."""
    return await key.once(tx, 200, lambda: service.cancel(tx, caller, flight_id, body))


@router.post(
    "/{flight_id}/divert",
    summary="Say that a flight lands elsewhere",
    status_code=200,
    response_model=FlightDisrupted,
)
async def divert_flight(
    flight_id: FlightId, body: Diversion, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    return await key.once(tx, 200, lambda: service.divert(tx, caller, flight_id, body))


@router.post(
    "/{flight_id}/swap-aircraft",
    summary="Fly with another aircraft",
    status_code=200,
    response_model=FlightDisrupted,
)
async def swap_aircraft(
    flight_id: FlightId, body: AircraftSwap, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Seats by number stay where the new cabins have them. Bookings beyond what it holds are asked to leave:
    whole ones, the cheapest class and the latest tickets first, sparing connections and children."""
    return await key.once(tx, 200, lambda: service.swap_aircraft(tx, caller, flight_id, body))


@router.get("/{flight_id}/disruptions", summary="List what happened to a flight", status_code=200)
async def list_flight_disruptions(flight_id: FlightId, tx: Transaction) -> Disruptions:
    return await service.list_disruptions(tx, flight_id)

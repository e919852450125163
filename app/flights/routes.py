"""Flights over HTTP."""

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import FlightId
from app.flights import service
from app.flights.schemas import FlightAvailability, FlightView

router = APIRouter(prefix="/v1/flights", tags=["flights"], responses=PROBLEM_RESPONSES)


@router.get("/{flight_id}", summary="Read a flight", status_code=200)
async def get_flight(flight_id: FlightId, tx: Transaction) -> FlightView:
    return await service.get_flight(tx, flight_id)


@router.get("/{flight_id}/availability", summary="Read a flight's live availability", status_code=200)
async def get_availability(flight_id: FlightId, tx: Transaction) -> FlightAvailability:
    return await service.get_availability(tx, flight_id)

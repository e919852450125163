"""Ancillaries over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core import clock
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import FlightId
from app.core.money import CurrencyCode
from app.flights import service as flights
from app.pricing.ancillaries import service
from app.pricing.ancillaries.schemas import AncillaryList
from app.pricing.schemas import PassengerType

router = APIRouter(prefix="/v1/flights", tags=["flights"], responses=PROBLEM_RESPONSES)


@router.get("/{flight_id}/ancillaries", summary="List what can be bought beside the fare", status_code=200)
async def list_ancillaries_of_flight(
    flight_id: FlightId,
    tx: Transaction,
    passenger_type: Annotated[PassengerType, Query(description="Who travels")] = PassengerType.ADULT,
    currency: Annotated[CurrencyCode | None, Query(description="The catalogue's own when left out")] = None,
) -> AncillaryList:
    flight = await flights.get_flight(tx, flight_id)
    day = (await clock.now(tx)).date()
    prices = await service.list_prices(tx, flight.distance_km, passenger_type, day, currency)
    return AncillaryList(flight_id=flight_id, passenger_type=passenger_type, data=prices)

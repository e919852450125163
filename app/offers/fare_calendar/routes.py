"""The fare calendar over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core import clock
from app.core.caching import NOT_MODIFIED, IfNoneMatch, public
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.money import CurrencyCode
from app.flights.connections.schemas import MonthQuery
from app.flights.schemas import Cabin
from app.offers.fare_calendar import service
from app.offers.fare_calendar.schemas import FareCalendar
from app.reference.schemas import AirportCode

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)

# Told for orientation: a fare sold out meanwhile is found out by the search.
KEPT_FOR_SECONDS = 60

Month = Annotated[
    str,
    Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="The month to fly in", examples=["2026-12"]),
]


@router.get(
    "/fare-calendar",
    summary="Read the cheapest fare of each day of a month",
    status_code=200,
    response_model=FareCalendar,
    responses=NOT_MODIFIED,
)
async def get_fare_calendar(
    origin: AirportCode,
    destination: AirportCode,
    month: Month,
    tx: Transaction,
    cabin: Cabin = Cabin.ECONOMY,
    currency: Annotated[CurrencyCode | None, Query(description="The fares' own when left out")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """For flexible dates: one adult, one way, direct flights. Prices told here are not promised."""
    query = MonthQuery(origin, destination, date.fromisoformat(f"{month}-01"), cabin)
    calendar = await service.get_calendar(tx, query, currency, await clock.now(tx))
    return public(calendar, if_none_match, KEPT_FOR_SECONDS, told_at="as_of")

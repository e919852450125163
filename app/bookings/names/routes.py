"""Correcting names over HTTP."""

from fastapi import APIRouter, Response

from app.bookings.names import service
from app.bookings.names.schemas import NameCorrectionRequest
from app.bookings.schemas import Booking
from app.core.db import Transaction
from app.core.etags import IfMatch, tag
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import BookingId, PassengerId
from app.core.security import CurrentTraveller

router = APIRouter(prefix="/v1/bookings/{booking_id}", tags=["bookings"], responses=PROBLEM_RESPONSES)


@router.patch("/passengers/{passenger_id}", summary="Correct a passenger's name", status_code=200)
async def correct_passenger_name(
    booking_id: BookingId,
    passenger_id: PassengerId,
    request: NameCorrectionRequest,
    caller: CurrentTraveller,
    expected: IfMatch,
    response: Response,
    tx: Transaction,
) -> Booking:
    """Up to three letters of a passenger's name over all corrections, or given and family name in each
    other's place, before check-in. Case, accents and punctuation are free."""
    corrected = await service.correct_name(tx, caller, booking_id, passenger_id, request, expected)
    tag(response, corrected.version)
    return corrected

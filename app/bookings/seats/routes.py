"""Seats over HTTP."""

from fastapi import APIRouter

from app.bookings.seats import service
from app.bookings.seats.schemas import BookingSeats, SeatChoices, SeatMap
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import BookingId, FlightId
from app.core.money import CurrencyCode
from app.core.security import CurrentTraveller

router = APIRouter(prefix="/v1", responses=PROBLEM_RESPONSES)


@router.get(
    "/flights/{flight_id}/seat-map", summary="Read a flight's seat map", tags=["flights"], status_code=200
)
async def get_seat_map(flight_id: FlightId, tx: Transaction, currency: CurrencyCode | None = None) -> SeatMap:
    """Cabins from front to back, their rows, and each seat's place, price and whether it is free now."""
    return await service.get_seat_map(tx, flight_id, currency)


@router.get(
    "/bookings/{booking_id}/seats", summary="Read the seats of a booking", tags=["bookings"], status_code=200
)
async def list_booking_seats(
    booking_id: BookingId, caller: CurrentTraveller, tx: Transaction
) -> BookingSeats:
    return await service.list_seats(tx, caller, booking_id)


@router.put("/bookings/{booking_id}/seats", summary="Choose seats", tags=["bookings"], status_code=200)
async def choose_seats(
    booking_id: BookingId, choices: SeatChoices, caller: CurrentTraveller, tx: Transaction
) -> BookingSeats:
    """All or none. Setting the same seats again changes nothing, so a repeat is harmless and needs no key.
    A seat chosen on a hold is kept as long as the hold, and for good once the booking is paid; what it costs
    is due with the rest. On a ticketed booking a seat that costs more than was paid before is ordered, and
    given when `order` is paid; if somebody has it by then, the money goes back."""
    return await service.choose_seats(tx, caller, booking_id, choices)

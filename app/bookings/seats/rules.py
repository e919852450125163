"""Who may sit where, and until when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.bookings.seats.errors import SeatChoiceInvalid
from app.bookings.seats.schemas import SeatChoice
from app.flights.schemas import FlightStatus
from app.inventory.seats.errors import SeatNotAllowed
from app.inventory.seats.schemas import SeatPlace, SeatZone
from app.pricing.schemas import PassengerType

# As long as check-in is open; what is decided at the gate is no longer the traveller's choice.
CLOSES_BEFORE_DEPARTURE = timedelta(minutes=40)
OPEN_STATUSES = (FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN)

# As the catalogue of ancillaries names them.
SEAT_CODES = {
    SeatZone.STANDARD: "SEATSTD",
    SeatZone.PREFERRED: "SEATPREF",
    SeatZone.EXTRA_LEGROOM: "SEATLEGS",
}


def is_open(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    return status in OPEN_STATUSES and departs_at - now > CLOSES_BEFORE_DEPARTURE


def with_infants(passengers: Sequence[tuple[UUID, PassengerType]]) -> set[UUID]:
    """The adults on whose laps infants travel: the first of the booking, one each."""
    adults = [key for key, kind in passengers if kind is PassengerType.ADULT]
    infants = sum(kind is PassengerType.INFANT for _, kind in passengers)
    return set(adults[:infants])


def ensure_each_once(choices: Sequence[SeatChoice]) -> None:
    """Raises SeatChoiceInvalid for a passenger named twice on a segment, or a seat given twice."""
    places = [(choice.passenger_id, choice.segment_id) for choice in choices]
    seats = [(choice.segment_id, choice.seat) for choice in choices if choice.seat]
    for found, what in ((places, "a passenger is named twice"), (seats, "a seat is given twice")):
        if len(set(found)) < len(found):
            raise SeatChoiceInvalid(f"{what} on one segment", pointer="/seats")


def ensure_allowed(place: SeatPlace, kind: PassengerType, *, has_infant: bool, pointer: str) -> None:
    """Raises SeatNotAllowed: an infant has no seat of its own; whoever sits in an exit row may have to
    open it, which a child or an adult with an infant cannot."""
    if not kind.needs_seat:
        raise SeatNotAllowed("an infant travels on a lap", pointer=pointer)
    if place.is_exit and kind is PassengerType.CHILD:
        raise SeatNotAllowed(f"{place.seat} is in an exit row: no children", pointer=pointer)
    if place.is_exit and has_infant:
        raise SeatNotAllowed(f"{place.seat} is in an exit row: nobody with an infant", pointer=pointer)

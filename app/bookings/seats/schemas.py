"""What callers see of seats, and what they choose."""

from typing import Annotated

from pydantic import Field

from app.bookings.extras.schemas import ExtrasOrder
from app.core.http import Schema
from app.core.ids import FlightId, PassengerId, SeatAssignmentId, SegmentId
from app.core.money import Money
from app.flights.schemas import Cabin
from app.inventory.seats.schemas import SeatPosition, SeatZone

# Nine passengers on the sixteen coupons a ticket may have.
MAX_CHOICES = 144

SeatNumber = Annotated[
    str, Field(pattern="^[1-9][0-9]{0,2}[A-Z]$", description="Row and letter", examples=["12A"])
]


class MapSeat(Schema):
    number: SeatNumber
    position: SeatPosition
    zone: SeatZone
    is_available: bool
    price: Money | None = Field(description="For one passenger; null where the seat costs nothing")


class MapRow(Schema):
    number: int = Field(examples=[12])
    is_exit: bool = Field(description="Nobody with an infant, and no child, may sit here")
    seats: list[MapSeat]


class MapCabin(Schema):
    """One cabin from front to back."""

    cabin: Cabin
    blocks: list[str] = Field(description="The letters between two aisles", examples=[["ABC", "DEF"]])
    rows: list[MapRow]


class SeatMap(Schema):
    """Every seat of a flight as it stands; only choosing a seat promises it."""

    flight_id: FlightId
    aircraft_type: str = Field(examples=["A320-232"])
    cabins: list[MapCabin]


class SeatChoice(Schema):
    passenger_id: PassengerId
    segment_id: SegmentId
    seat: SeatNumber | None = Field(description="null gives the seat back")


class SeatChoices(Schema):
    """Who shall sit where. Passengers and segments that are not named keep the seats they have."""

    seats: list[SeatChoice] = Field(min_length=1, max_length=MAX_CHOICES)


class BookingSeat(Schema):
    id: SeatAssignmentId
    passenger_id: PassengerId
    segment_id: SegmentId
    flight_id: FlightId
    cabin: Cabin
    seat: SeatNumber


class BookingSeats(Schema):
    """The seats of a booking, by segment and passenger."""

    data: list[BookingSeat]
    order: ExtrasOrder | None = Field(
        default=None, description="Seats of a ticketed booking that are had once this order is paid"
    )

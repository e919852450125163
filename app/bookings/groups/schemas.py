"""What callers send to groups, and what they are shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from app.bookings.schemas import BookingStatus, Contact, TravellerName
from app.core.http import Schema
from app.core.ids import BookingId, FlightId, GroupId
from app.core.money import Money
from app.flights.schemas import Cabin, Moment

FEWEST_SEATS = 10
MOST_SEATS = 200
MOST_FLIGHTS = 8


class GroupStatus(StrEnum):
    REQUESTED = "requested"
    QUOTED = "quoted"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    DECLINED = "declined"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class GroupRequest(Schema):
    """Ten adults or more on the same flights, in the order of travel. Names come later."""

    flight_ids: list[FlightId] = Field(min_length=1, max_length=MOST_FLIGHTS)
    cabin: Cabin = Cabin.ECONOMY
    seats: int = Field(ge=FEWEST_SEATS, le=MOST_SEATS, examples=[24])
    contact: Contact

    @model_validator(mode="after")
    def _names_each_flight_once(self) -> Self:
        if len(set(self.flight_ids)) < len(self.flight_ids):
            raise ValueError("a flight is named twice")
        return self


class GroupQuote(Schema):
    """What an agent offers: the public fare of a class less a discount, and until when what is due."""

    fare_class: str = Field(pattern="^[A-Z]$", examples=["M"])
    discount_percent: int = Field(ge=0, le=50, examples=[10])
    deposit_per_seat_minor: int = Field(ge=0, description="In the currency of the fare", examples=[5000])
    expires_at: AwareDatetime = Field(description="Until when the quote can be accepted")
    deposit_due_at: AwareDatetime = Field(description="Then seats without a deposit go back on sale")
    names_due_at: AwareDatetime = Field(
        description="Then seats without a name go back, their deposit is kept"
    )
    final_due_at: AwareDatetime = Field(description="Then what is not paid goes back, its deposit is kept")


class GroupName(Schema):
    given_name: TravellerName
    family_name: TravellerName


class GroupNames(Schema):
    passengers: list[GroupName] = Field(min_length=1, max_length=MOST_SEATS)


class GroupBooking(Schema):
    """A part of the block. It is paid like any booking, once everybody in it has a name."""

    booking_id: BookingId
    pnr: str
    status: BookingStatus
    payment_required_by: datetime
    deposit: Money
    deposit_paid_at: datetime | None
    seats: int
    named: int = Field(description="Seats whose traveller has a name; the booking is payable when all have")


class Group(Schema):
    id: GroupId
    status: GroupStatus
    flight_ids: list[FlightId]
    cabin: Cabin
    seats: int
    requested_at: Moment
    quoted_at: datetime | None
    quote_expires_at: datetime | None
    total_per_seat: Money | None
    deposit_per_seat: Money | None
    deposit_due_at: datetime | None
    names_due_at: datetime | None
    final_due_at: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    bookings: list[GroupBooking] = Field(description="The block, once the quote was accepted")


@dataclass(frozen=True, slots=True)
class Leg:
    """One flight of a quote, as each seat is sold: its fare, then (code, description, amount) of taxes."""

    flight_id: UUID
    fare_class: str
    fare_product_id: UUID
    fare_basis: str
    brand: str
    fare_minor: int
    taxes: list[tuple[str, str, int]]

    @property
    def total_minor(self) -> int:
        return self.fare_minor + sum(amount for _, _, amount in self.taxes)

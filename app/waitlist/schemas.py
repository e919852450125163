"""What callers send to the waitlist, and what they are shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from app.bookings.schemas import MAX_PASSENGERS, Contact, NewPassenger
from app.core.http import Schema
from app.core.ids import BookingId, FlightId, WaitlistEntryId
from app.core.money import Money
from app.flights.schemas import Cabin, Moment
from app.pricing.schemas import PassengerType


class WaitlistStatus(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    CONVERTED = "converted"
    LAPSED = "lapsed"
    LEFT = "left"


class EndReason(StrEnum):
    PAID = "paid"
    NOT_PAID = "not_paid"
    SALE_CLOSED = "sale_closed"
    LEFT = "left"
    ERASED = "erased"


class JoinRequest(Schema):
    """A party that would travel together, and what it would pay at most for all of it."""

    flight_id: FlightId
    cabin: Cabin = Cabin.ECONOMY
    passengers: list[NewPassenger] = Field(min_length=1, max_length=MAX_PASSENGERS)
    contact: Contact
    max_total: Money | None = Field(default=None, description="Nothing dearer is offered; null is any price")

    @model_validator(mode="after")
    def _infants_have_a_lap(self) -> Self:
        types = [passenger.type for passenger in self.passengers]
        if types.count(PassengerType.INFANT) > types.count(PassengerType.ADULT):
            raise ValueError("every infant travels on the lap of an adult of its own")
        return self


class PriorityRequest(Schema):
    priority: int = Field(ge=0, le=9, description="9 is served first; everybody joins at 0")


class WaitlistEntry(Schema):
    """A place in the queue. Once seats are offered, `booking_id` holds them until `offer_expires_at`:
    pay for that booking to convert the entry."""

    id: WaitlistEntryId
    flight_id: FlightId
    cabin: Cabin
    seats: int
    passenger_count: int
    max_total: Money | None
    priority: int
    status: WaitlistStatus
    position: int | None = Field(description="How many are served before this one, and one; while waiting")
    joined_at: Moment
    offered_at: datetime | None
    offer_expires_at: datetime | None
    booking_id: BookingId | None
    ended_at: datetime | None
    end_reason: EndReason | None


@dataclass(frozen=True, slots=True)
class Queue:
    """The entries that wait for one cabin of one flight."""

    flight_id: UUID
    cabin: str

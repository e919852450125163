"""What travellers are offered, and what they answer."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.core.http import Schema
from app.core.ids import BookingId, FlightId, RefundId, ScheduleChangeId
from app.core.money import Money
from app.flights.schemas import Moment


class ChangeKind(StrEnum):
    CANCELLED = "cancelled"
    DELAYED = "delayed"
    MISSED_CONNECTION = "missed_connection"
    DOWNGRADED = "downgraded"


class ChangeStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    CHANGED = "changed"
    REFUNDED = "refunded"
    SUPERSEDED = "superseded"


class Proposal(StrEnum):
    """What accepting means: stay on the flight, take the first option, or there is nothing to accept."""

    KEEP = "keep"
    MOVE = "move"
    NONE = "none"


class OptionFlight(Schema):
    flight_id: FlightId
    fare_class: str = Field(description="The class the seats are taken from; it costs nothing more")
    origin: str = Field(examples=["JFK"])
    destination: str = Field(examples=["LAX"])
    departs_at: Moment
    arrives_at: Moment


class Option(Schema):
    """Another way to the end of the slice. Its seats are not held."""

    flights: list[OptionFlight]


class ScheduleChange(Schema):
    """A slice of a booking that cannot be flown as it was bought, and what can be done instead: all of it
    free, for everybody on the booking."""

    id: ScheduleChangeId
    booking_id: BookingId
    kind: ChangeKind
    status: ChangeStatus
    flight_id: FlightId = Field(description="The flight that does not go as planned")
    slice_number: int = Field(examples=[1])
    proposal: Proposal
    options: list[Option] = Field(description="The earliest arrival first; counted from 0")
    chosen: int | None = Field(description="The option that was taken")
    respond_by: Moment = Field(description="After this an option, or the flight itself, may be gone")
    created_at: Moment
    decided_at: datetime | None


class ScheduleChanges(Schema):
    data: list[ScheduleChange]


class Choice(Schema):
    option: int = Field(ge=0, le=20, description="Counted from 0", examples=[1])


class RefundShown(Schema):
    id: RefundId
    amount: Money
    status: str


class ScheduleChangeRefunded(Schema):
    """What comes back, from each payment; a refund shows `created` until the provider has confirmed it."""

    schedule_change: ScheduleChange
    refunds: list[RefundShown]

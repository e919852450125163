"""What is asked of a search, and what it offers."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from app.core.http import Schema
from app.core.ids import FlightId, OfferId, OfferRequestId
from app.core.money import Money
from app.flights.schemas import Cabin, LocalTime, Moment
from app.pricing.schemas import Conditions, PassengerPrice, PassengerType
from app.reference.schemas import AirportCode

MAX_PASSENGERS = 9
# Several slices (return, multi-city) come with connections.
MAX_SLICES = 1


class SliceRequest(Schema):
    origin: AirportCode
    destination: AirportCode
    departure_date: date = Field(description="The local day at the origin", examples=["2026-12-01"])

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.origin == self.destination:
            raise ValueError("origin and destination are the same airport")
        return self


class PassengerRequest(Schema):
    type: PassengerType


class OfferRequestCreate(Schema):
    slices: Annotated[list[SliceRequest], Field(min_length=1, max_length=MAX_SLICES)]
    passengers: Annotated[list[PassengerRequest], Field(min_length=1, max_length=MAX_PASSENGERS)]
    cabin: Cabin = Cabin.ECONOMY

    @field_validator("passengers")
    @classmethod
    def _infants_have_a_lap(cls, passengers: list[PassengerRequest]) -> list[PassengerRequest]:
        types = [passenger.type for passenger in passengers]
        if types.count(PassengerType.INFANT) > types.count(PassengerType.ADULT):
            raise ValueError("every infant travels on the lap of an adult of its own")
        return passengers

    @property
    def party(self) -> list[PassengerType]:
        return [passenger.type for passenger in self.passengers]


class OfferSegment(Schema):
    flight_id: FlightId
    airline: str = Field(examples=["B6"])
    flight_number: str = Field(examples=["615"])
    origin: AirportCode
    destination: AirportCode
    departs_local: LocalTime
    departs_zone: str = Field(examples=["America/New_York"])
    arrives_local: LocalTime
    arrives_zone: str = Field(examples=["America/Los_Angeles"])
    duration: timedelta = Field(description="ISO 8601", examples=["PT6H10M"])
    aircraft_type: str = Field(examples=["A320-232"])
    distance_km: int = Field(examples=[3983])


class OfferSlice(Schema):
    origin: AirportCode
    destination: AirportCode
    segments: list[OfferSegment]


class Offer(Schema):
    """A price that is promised until `expires_at`; the seats are not."""

    id: OfferId
    expires_at: Moment
    total: Money
    cabin: Cabin
    fare_class: str = Field(examples=["M"])
    fare_product_id: UUID
    brand: str = Field(examples=["Standard"])
    fare_basis: str = Field(examples=["M3STD"])
    slices: list[OfferSlice]
    passengers: list[PassengerPrice] = Field(description="In the order they were asked for")
    conditions: Conditions
    seats_left: int = Field(description="In this fare class, as far as is told", examples=[9])


class AvailabilityNote(Schema):
    """How fresh the seats of an answer are.

    `as_of` is the commit of the newest change among the cabins looked at, null when there were none.
    A quiet cabin does not change, so a great age means quiet or lag; only taking the seats promises them."""

    as_of: datetime | None
    age_ms: int | None = Field(description="How long ago that was, by the database's clock")


class OfferRequestView(Schema):
    id: OfferRequestId
    created_at: Moment
    expires_at: Moment
    offers: list[Offer] = Field(description="The cheapest first")
    availability: AvailabilityNote


class PackedFare(Schema):
    """What the offers of one product over one distance have in common."""

    total: Money
    fare_class: str
    fare_product_id: UUID
    brand: str
    fare_basis: str
    passengers: list[PassengerPrice]
    conditions: Conditions


class PackedOffers(Schema):
    """The offers of a request as its row keeps them: each slice and each fare once.

    An offer is a pick, in the order of the offers: (place of its slice, place of its fare, seats left)."""

    slices: list[OfferSlice]
    fares: list[PackedFare]
    picks: list[tuple[int, int, int]]


class OfferRequestRow(Schema):
    """A row of offer_requests, column by column."""

    id: UUID
    user_id: UUID | None
    origin: str
    destination: str
    departure_date: date
    cabin: Cabin
    passengers: list[PassengerRequest]
    offers: PackedOffers
    availability_as_of: datetime | None
    created_at: datetime
    expires_at: datetime
    request_id: str
    simulated: bool

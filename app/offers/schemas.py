"""What is asked of a search, and what it offers."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from app.core.http import Schema
from app.core.ids import FlightId, OfferId, OfferRequestId
from app.core.local_times import LocalDateTime, LocalTimeOfDay
from app.core.money import CurrencyCode, Money
from app.flights.schemas import Cabin, Moment
from app.offers.sources.base import OutsideOffer, SourceName, SourceNote
from app.pricing.schemas import Conditions, PassengerPrice, PassengerType
from app.reference.schemas import AirlineCode, AirportCode

MAX_PASSENGERS = 9
# A ticket has at most 16 coupons: five slices with two stops each.
MAX_SLICES = 5
MAX_AIRLINES = 20
DEFAULT_OFFERS = 150
MOST_OFFERS = 250
# The day of a flight over the date line may be before the day of the one it follows.
CALENDAR_SLACK = timedelta(days=1)
# How an offer is kept. Offers live half an hour: another release's are treated as expired.
PACKED_VERSION = 2


class Sort(StrEnum):
    """Which offers come first. `best` weighs the price against the hours and the changes of planes."""

    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    FEWEST_STOPS = "fewest_stops"
    BEST = "best"


class TimeOfDay(Schema):
    """A window of local time at the airport, both ends included; from late to early it runs over midnight."""

    earliest: LocalTimeOfDay = Field(default=time.min, examples=["08:00"])
    latest: LocalTimeOfDay = Field(default=time.max, examples=["12:00"])

    @field_validator("earliest", "latest")
    @classmethod
    def _is_local(cls, moment: time) -> time:
        if moment.tzinfo is not None:
            raise ValueError("a local time carries no offset")
        return moment


class SliceRequest(Schema):
    origin: AirportCode
    destination: AirportCode
    departure_date: date = Field(description="The local day at the origin", examples=["2026-12-01"])
    departs: TimeOfDay | None = Field(default=None, description="When to leave the origin")
    arrives: TimeOfDay | None = Field(default=None, description="When to reach the destination")

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
    cabins: Annotated[list[Cabin], Field(min_length=1, max_length=len(Cabin))] | None = Field(
        default=None, description="To compare several cabins; in place of `cabin`"
    )
    max_stops: int | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Changes of planes a slice. Left out: changes only where no flight goes direct",
    )
    airlines: Annotated[list[AirlineCode], Field(min_length=1, max_length=MAX_AIRLINES)] | None = Field(
        default=None, description="Only these"
    )
    max_total_minor: int | None = Field(
        default=None, ge=0, description="The most the whole party will pay, in the offers' currency"
    )
    currency: CurrencyCode | None = Field(
        default=None, description="To be priced and paid in; the fares' own when left out"
    )
    sort: Sort = Sort.CHEAPEST
    outside_sources: Annotated[list[SourceName], Field(max_length=len(SourceName))] = Field(
        default=[], description="Others' inventory to ask too, which takes seconds; see `outside_offers`"
    )
    limit: int = Field(
        default=DEFAULT_OFFERS, ge=1, le=MOST_OFFERS,
        description="How many offers the answer holds; the others are read in pages",
    )  # fmt: skip

    @field_validator("slices")
    @classmethod
    def _slices_follow_each_other(cls, slices: list[SliceRequest]) -> list[SliceRequest]:
        for before, after in pairwise(slices):
            if after.departure_date < before.departure_date - CALENDAR_SLACK:
                raise ValueError("the slices are flown in their order, so their days go forward")
        return slices

    @field_validator("passengers")
    @classmethod
    def _infants_have_a_lap(cls, passengers: list[PassengerRequest]) -> list[PassengerRequest]:
        types = [passenger.type for passenger in passengers]
        if types.count(PassengerType.INFANT) > types.count(PassengerType.ADULT):
            raise ValueError("every infant travels on the lap of an adult of its own")
        return passengers

    @property
    def all_cabins(self) -> list[Cabin]:
        return list(dict.fromkeys(self.cabins or [self.cabin]))

    @property
    def party(self) -> list[PassengerType]:
        return [passenger.type for passenger in self.passengers]


class OfferLeg(Schema):
    """One flight of an offer, whatever it is sold as."""

    flight_id: FlightId
    airline: str = Field(examples=["B6"])
    flight_number: str = Field(examples=["615"])
    origin: AirportCode
    destination: AirportCode
    departs_local: LocalDateTime
    departs_zone: str = Field(examples=["America/New_York"])
    arrives_local: LocalDateTime
    arrives_zone: str = Field(examples=["America/Los_Angeles"])
    duration: timedelta = Field(description="ISO 8601", examples=["PT6H10M"])
    aircraft_type: str = Field(examples=["A320-232"])
    distance_km: int = Field(examples=[3983])


class SegmentFare(Schema):
    """What one flight of an offer is sold as."""

    cabin: Cabin
    fare_class: str = Field(examples=["M"])
    fare_product_id: UUID
    fare_basis: str = Field(examples=["M3STD"])


class OfferSegment(OfferLeg, SegmentFare):
    """One flight of an offer, in the cabin and class it is sold in."""


class OfferSlice(Schema):
    """One way of the journey: a flight, or several that connect."""

    origin: AirportCode
    destination: AirportCode
    segments: list[OfferSegment]


class Emissions(Schema):
    """Carbon dioxide for one passenger with a seat, over all flights of the offer."""

    kg_per_passenger: int = Field(examples=[308])
    source: str = Field(description="The method it is reckoned by")


class ExchangeRate(Schema):
    """What the offer's amounts were converted with: base amount * rate, half up, line by line."""

    rate: Decimal = Field(
        description="Units of the offer's currency for one of the base", examples=["0.9213"]
    )
    base_currency: CurrencyCode
    as_of: date = Field(description="The day the rate was published for")
    source: str = Field(examples=["ECB"])


class Offer(Schema):
    """A price that is promised until `expires_at`; the seats are not.

    The fare class, product and basis beside the total are those of the first segment."""

    id: OfferId
    expires_at: Moment
    source: str = Field(default="contrail", description="Whose inventory it is", examples=["contrail"])
    total: Money
    cabin: Cabin
    fare_class: str = Field(examples=["M"])
    fare_product_id: UUID
    brand: str = Field(examples=["Standard"])
    fare_basis: str = Field(examples=["M3STD"])
    slices: list[OfferSlice]
    passengers: list[PassengerPrice] = Field(description="In the order they were asked for")
    conditions: Conditions = Field(description="Over all segments: the strictest of their fares")
    seats_left: int = Field(description="In the fare class with the fewest, as far as is told", examples=[9])
    co2: Emissions
    fx: ExchangeRate | None = Field(description="Null where nothing was converted")


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
    offers: list[Offer] = Field(
        description="In the order asked for: the cheapest first unless said otherwise"
    )
    offers_found: int = Field(description="How many there are; those past `limit` are read in pages")
    availability: AvailabilityNote
    outside_offers: list[OutsideOffer] = Field(description="Of the outside sources asked for")
    outside_sources: list[SourceNote] = Field(description="How each of them took part")


class PackedSlice(Schema):
    """A slice as flown, whatever it is sold as."""

    origin: str
    destination: str
    segments: list[OfferLeg]


class PackedFare(Schema):
    """What the offers of the same products over the same distances have in common."""

    total: Money
    brand: str
    segments: list[SegmentFare]
    passengers: list[PassengerPrice]
    conditions: Conditions


class PackedOffers(Schema):
    """The offers of a request as its row keeps them: each slice and each fare once.

    An offer is a pick, in the order of the offers: (places of its slices, place of its fare, seats left,
    kg of carbon dioxide)."""

    version: int = PACKED_VERSION
    slices: list[PackedSlice]
    fares: list[PackedFare]
    picks: list[tuple[list[int], int, int, int]]
    fx: ExchangeRate | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks for flights, as far as they say: a user, a session of a client's own making, a channel."""

    user_id: UUID | None
    session: str | None
    source: str


class OutsidePart(Schema):
    """What others' inventory adds to an answer."""

    outside_offers: list[OutsideOffer]
    outside_sources: list[SourceNote]


class OfferRequestHead(Schema):
    """A row of offer_requests but for the offers, column by column."""

    id: UUID
    user_id: UUID | None
    origin: str
    destination: str
    departure_date: date
    cabin: Cabin
    passengers: list[PassengerRequest]
    availability_as_of: datetime | None
    created_at: datetime
    expires_at: datetime
    request_id: str
    simulated: bool


class OfferRequestRow(OfferRequestHead):
    """A row of offer_requests."""

    offers: PackedOffers

"""What travellers and gates send to check-in and boarding, and what they are shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.bookings.schemas import BoardingOutcome, CouponStatus
from app.core.http import Schema
from app.core.ids import BookingId, CouponId, FlightId, PassengerId, SegmentId, TravelCreditId
from app.core.local_times import LocalDateTime
from app.core.money import Money

# A booking has at most nine passengers on sixteen coupons each; a name is a bound of the body, no more.
MAX_PASSENGERS = 9
MAX_SEGMENTS = 16
MAX_BARCODE = 600

Passengers = Annotated[
    list[PassengerId] | None,
    Field(min_length=1, max_length=MAX_PASSENGERS, description="Null: every passenger"),
]
Segments = Annotated[
    list[SegmentId] | None,
    Field(min_length=1, max_length=MAX_SEGMENTS, description="Null: every flight whose check-in is open"),
]


class CheckInRequest(Schema):
    passenger_ids: Passengers = None
    segment_ids: Segments = None


class CheckInSource(StrEnum):
    WEB = "web"
    AGENT = "agent"
    GATE = "gate"


class Acceptance(Schema):
    """A passenger's check-in on one flight."""

    sequence_number: int = Field(description="In the order of check-in, unique on the flight", examples=[25])
    seat: str | None = Field(description="Null for infants, and until one is assigned", examples=["12A"])
    standby: bool = Field(description="True while every seat of the cabin is taken by others")
    checked_in_at: datetime
    boarded_at: datetime | None


class CheckInState(Schema):
    """One passenger on one flight, checked in or not."""

    coupon_id: CouponId
    passenger_id: PassengerId
    segment_id: SegmentId
    flight_id: FlightId
    status: CouponStatus
    boarding_outcome: BoardingOutcome | None
    opens_at: datetime
    closes_at: datetime
    acceptance: Acceptance | None


class BookingCheckIn(Schema):
    """Where each passenger of a booking stands with check-in, in the order of travel."""

    booking_id: BookingId
    data: list[CheckInState]


class BoardingPass(Schema):
    """A pass as it is shown; `barcode` is the text its picture holds."""

    coupon_id: CouponId
    booking_id: BookingId
    passenger_id: PassengerId
    segment_id: SegmentId
    flight_id: FlightId
    pnr: str = Field(examples=["K7M2PX"])
    ticket_number: str = Field(examples=["9790123456789"])
    given_name: str
    family_name: str
    airline: str = Field(examples=["B6"])
    flight_number: str = Field(examples=["615"])
    origin: str = Field(examples=["JFK"])
    destination: str = Field(examples=["LAX"])
    departs_local: LocalDateTime
    departs_zone: str
    boarding_closes_at: datetime
    cabin: str = Field(examples=["economy"])
    seat: str | None = Field(examples=["12A"])
    standby: bool
    sequence_number: int = Field(examples=[25])
    barcode: str = Field(
        description="IATA Resolution 792, format M",
        examples=["M1LOVELACE/ADA        EK7M2PX JFKLAXB6 0615 335Y012A0025 100"],
    )
    barcode_png: str = Field(description="Address of the barcode's picture")
    barcode_svg: str


class BoardingPasses(Schema):
    data: list[BoardingPass]


class ScanRequest(Schema):
    barcode: str = Field(
        min_length=60, max_length=MAX_BARCODE, description="What the scanner read, as it stands"
    )


class GateEntry(Schema):
    """One passenger of a flight, as the gate's list has them. Names stay with the booking."""

    coupon_id: CouponId
    booking_id: BookingId
    pnr: str
    passenger_id: PassengerId
    cabin: str
    fare_class: str
    status: CouponStatus
    boarding_outcome: BoardingOutcome | None
    acceptance: Acceptance | None


class CabinCount(Schema):
    cabin: str
    capacity: int
    checked_in: int = Field(description="With a seat, boarded ones included")
    boarded: int
    standby: int


class GateList(Schema):
    """Everyone with a coupon for the flight."""

    flight_id: FlightId
    closed_at: datetime | None
    cabins: list[CabinCount]
    data: list[GateEntry]


class GoShowRequest(Schema):
    coupon_id: CouponId


class ClearStandbyRequest(Schema):
    coupon_id: CouponId | None = Field(default=None, description="Null: all for whom there is a seat")


class DenialKind(StrEnum):
    VOLUNTARY = "voluntary"
    INVOLUNTARY = "involuntary"


class DenyBoardingRequest(Schema):
    kind: DenialKind
    coupon_id: CouponId | None = Field(
        default=None, description="Null: whoever the priority rule names; a volunteer must be named"
    )
    substitute_arrives_at: datetime | None = Field(
        default=None, description="When the flight offered instead is planned to arrive; null: none offered"
    )
    agreed: Money | None = Field(default=None, description="What a volunteer has agreed to")


class DeniedBoarding(Schema):
    """A passenger who stayed behind, and what is paid for it as travel credit."""

    coupon_id: CouponId
    booking_id: BookingId
    passenger_id: PassengerId
    kind: DenialKind
    compensation: Money
    rule: str = Field(description="What the amount was worked out by", examples=["14 CFR 250.5(a)(3)"])
    travel_credit_id: TravelCreditId | None
    denied_at: datetime


class DenialOrder(Schema):
    """Who would stay behind first, by the rule in `rule`."""

    rule: str
    data: list[GateEntry]


class CloseOut(Schema):
    """How many became what when the flight left."""

    flight_id: FlightId
    closed_at: datetime
    flown: int
    no_show: int
    denied_involuntary: int = Field(description="Standby passengers for whom no seat was left")

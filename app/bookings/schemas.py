"""What callers send to bookings, and what they are shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from app.core.http import Schema
from app.core.ids import (
    BookingId,
    BookingItemId,
    CancellationId,
    CouponId,
    EventId,
    FlightId,
    OfferId,
    PassengerId,
    SegmentId,
    TicketId,
    TravelCreditId,
)
from app.core.local_times import LocalDateTime
from app.core.money import Money
from app.core.people import EmailAddress, PersonName, PhoneNumber
from app.payments.schemas import Payment, Refund, RefundTo
from app.pricing.schemas import PassengerType

MAX_PASSENGERS = 9
MAX_SLICES = 16
MAX_TRAVEL_CREDITS = 5

Shown = TypeVar("Shown", bound=Schema)


class BookingStatus(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    TICKETED = "ticketed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ItemKind(StrEnum):
    FARE = "fare"
    TAX = "tax"
    FEE = "fee"
    ANCILLARY = "ancillary"
    PENALTY = "penalty"


class LiveStatus(StrEnum):
    """Exchanged is of segments alone: another has taken their place."""

    LIVE = "live"
    CANCELLED = "cancelled"
    EXCHANGED = "exchanged"


class TicketStatus(StrEnum):
    ISSUED = "issued"
    VOID = "void"
    REFUNDED = "refunded"
    EXCHANGED = "exchanged"


class CouponStatus(StrEnum):
    OPEN = "open"
    CHECKED_IN = "checked_in"
    BOARDED = "boarded"
    FLOWN = "flown"
    VOID = "void"
    REFUNDED = "refunded"
    EXCHANGED = "exchanged"
    SUSPENDED = "suspended"


class BoardingOutcome(StrEnum):
    """What became of a passenger at the gate. A coupon of one who stayed behind is open again."""

    BOARDED = "boarded"
    NO_SHOW = "no_show"
    GO_SHOW = "go_show"
    STANDBY_CLEARED = "standby_cleared"
    DENIED_VOLUNTARY = "denied_voluntary"
    DENIED_INVOLUNTARY = "denied_involuntary"


class TravelStatus(StrEnum):
    """How far a ticketed booking has been travelled; it follows from its coupons."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    FLOWN = "flown"
    NO_SHOW = "no_show"


class CancellationStatus(StrEnum):
    QUOTED = "quoted"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"


class Action(StrEnum):
    PAY = "pay"
    REPRICE = "reprice"
    CANCEL = "cancel"
    CANCEL_PART = "cancel_part"
    CHANGE = "change"
    SPLIT = "split"
    CHECK_IN = "check_in"
    CORRECT_NAMES = "correct_names"
    ADD_EXTRAS = "add_extras"
    REQUEST_SERVICE = "request_service"


def _without_digits(name: str) -> str:
    """So that no card or passport number can be left in a name."""
    if any(letter.isdigit() for letter in name):
        raise ValueError("a name holds no digits")
    return name.strip()


TravellerName = Annotated[PersonName, AfterValidator(_without_digits)]


class NewPassenger(Schema):
    type: PassengerType
    given_name: TravellerName
    family_name: TravellerName


class Contact(Schema):
    """Where the booking's messages go."""

    email: EmailAddress
    phone: PhoneNumber | None = None


class Hold(StrEnum):
    """How long the seats are held: for a checkout, or to be paid later where the departure is far enough."""

    CHECKOUT = "checkout"
    PAY_LATER = "pay_later"


class TravelCreditUse(Schema):
    """A credit to pay with: so much of it, or as much as is needed."""

    travel_credit_id: TravelCreditId
    amount_minor: int | None = Field(default=None, gt=0)


class PaymentRequest(Schema):
    """What to pay with: a card, travel credit, or credit and a card for the rest."""

    gateway: str | None = Field(default=None, max_length=40, examples=["sandbox"])
    card_token: str | None = Field(
        default=None,
        pattern=r"^(tok|pm)_[A-Za-z0-9_]{1,90}$",
        description="What the gateway gave for a card; never a card number",
        examples=["tok_ok_US_4242"],
    )
    travel_credits: list[TravelCreditUse] = Field(default=[], max_length=MAX_TRAVEL_CREDITS)
    return_url: str | None = Field(
        default=None,
        pattern=r"^https://[^\s]{1,480}$",
        description="Where the gateway sends the customer after an action of theirs",
        examples=["https://travel.example/paid"],
    )

    @model_validator(mode="after")
    def _names_something_to_pay_with(self) -> Self:
        if self.gateway is None and (self.card_token is not None or not self.travel_credits):
            raise ValueError("name a gateway, or travel credit that covers all of it")
        if len({use.travel_credit_id for use in self.travel_credits}) != len(self.travel_credits):
            raise ValueError("name each travel credit once")
        return self


class BookingRequest(Schema):
    offer_id: OfferId
    passengers: list[NewPassenger] = Field(min_length=1, max_length=MAX_PASSENGERS)
    contact: Contact
    hold: Hold = Hold.CHECKOUT
    payment: PaymentRequest | None = Field(
        default=None, description="Pay in the same request; the booking is ticketed when it succeeds"
    )


class CancellationRequest(Schema):
    """What to cancel: these passengers on these slices. Left out: all of them."""

    passenger_ids: list[PassengerId] | None = Field(default=None, min_length=1, max_length=MAX_PASSENGERS)
    slice_numbers: list[int] | None = Field(default=None, min_length=1, max_length=MAX_SLICES)


class CancellationConfirmation(Schema):
    """Where what comes back goes: to where it was paid from, or into travel credit, at once."""

    refund_to: RefundTo = RefundTo.PAYMENT


class Passenger(Schema):
    """A traveller. The names are null once the person has been erased."""

    id: PassengerId
    type: PassengerType
    given_name: str | None
    family_name: str | None


class Segment(Schema):
    id: SegmentId
    flight_id: FlightId
    airline: str
    flight_number: str
    origin: str
    destination: str
    departs_local: LocalDateTime
    departs_zone: str
    arrives_local: LocalDateTime
    arrives_zone: str
    duration: timedelta
    flight_status: str
    cabin: str
    fare_class: str
    status: LiveStatus


class Slice(Schema):
    """`number` names it for a change or a cancellation of part of the booking."""

    number: int = 1
    origin: str
    destination: str
    segments: list[Segment]


class Item(Schema):
    id: BookingItemId
    passenger_id: PassengerId | None
    kind: ItemKind
    code: str
    description: str
    amount: Money
    status: LiveStatus


class Coupon(Schema):
    id: CouponId
    segment_id: SegmentId
    number: int
    status: CouponStatus
    boarding_outcome: BoardingOutcome | None = Field(
        default=None, description="Once the flight has boarded without or with this passenger"
    )


class Ticket(Schema):
    id: TicketId
    number: str = Field(examples=["9790123456789"])
    passenger_id: PassengerId
    status: TicketStatus
    issued_at: datetime
    coupons: list[Coupon]


class BookingSummary(Schema):
    """A booking in a list."""

    id: BookingId
    pnr: str = Field(examples=["K7M2PX"])
    status: BookingStatus
    total: Money
    passenger_count: int
    payment_required_by: datetime
    created_at: datetime


class Booking(Schema):
    """A booking as it stands. A hold past `payment_required_by` is expired, swept up or not.

    `version` is that of its ETag: name corrections ask for it in If-Match."""

    id: BookingId
    pnr: str = Field(examples=["K7M2PX"])
    status: BookingStatus
    total: Money = Field(description="What was booked; the live items say what it costs now")
    price_guarantee_expires_at: datetime
    payment_required_by: datetime
    passengers: list[Passenger]
    slices: list[Slice]
    items: list[Item]
    tickets: list[Ticket]
    created_at: datetime
    confirmed_at: datetime | None
    ticketed_at: datetime | None
    cancelled_at: datetime | None
    expired_at: datetime | None
    available_actions: list[Action]
    version: int = Field(default=1, examples=[1])
    payment: Payment | None = Field(default=None, description="Of a booking paid in the same request")
    travel_status: TravelStatus | None = Field(default=None, description="Null before ticketing")


class Repricing(Schema):
    """A hold at the price of now, promised until `price_guarantee_expires_at`."""

    booking_id: BookingId
    before: Money
    total: Money
    price_guarantee_expires_at: datetime


class BookingEvent(Schema):
    id: EventId
    type: str = Field(examples=["BookingCreated"])
    occurred_at: datetime
    request_id: str
    details: dict[str, Any]


class BookingHistory(Schema):
    """What happened to a booking, the oldest first."""

    data: list[BookingEvent]


class Cancellation(Schema):
    """A quote to cancel: what is kept and what comes back. It holds once it is confirmed.

    `is_void`: the purchase is undone, as it may be for 24 hours when it was made a week ahead."""

    id: CancellationId
    booking_id: BookingId
    status: CancellationStatus
    penalty: Money
    refund_amount: Money
    quoted_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    refund: Refund | None = Field(description="Once confirmed, and if anything comes back")
    refunds: list[Refund] = Field(description="All of them, when several payments give back")
    is_whole: bool = Field(description="Whether nothing of the booking is left")
    is_void: bool
    coupon_ids: list[CouponId] = Field(description="What is given back, coupon by coupon; none of a hold")


@dataclass(frozen=True)
class Answer(Generic[Shown]):
    """What a request that may be repeated is answered with."""

    body: Shown
    status_code: int
    is_replay: bool = False


PaymentAnswer = Answer[Payment]

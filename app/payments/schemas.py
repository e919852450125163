"""What payments shows, and what other domains hand it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.core.entities import Entities
from app.core.http import Schema
from app.core.ids import BookingId, DisputeId, PaymentId, RefundId, TravelCreditId, UserId
from app.core.money import Money


class PaymentStatus(StrEnum):
    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    WON = "won"
    LOST = "lost"
    FAILED = "failed"
    VOIDED = "voided"


OPEN_STATUSES = (PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.AUTHORISED)


class PaymentPurpose(StrEnum):
    """What the money is for: the booking itself, a change of it, extras ordered later, or a deposit."""

    BOOKING = "booking"
    CHANGE = "change"
    EXTRAS = "extras"
    DEPOSIT = "deposit"


class RefundStatus(StrEnum):
    CREATED = "created"
    IN_TRANSIT = "in_transit"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CardShown(Schema):
    brand: str | None = Field(examples=["visa"])
    country: str | None = Field(examples=["US"])
    last4: str | None = Field(examples=["4242"])


class NextAction(Schema):
    """What the customer has to do before the money can move; then confirm the payment."""

    type: Literal["redirect"] = "redirect"
    url: str = Field(examples=["https://bank.example/3ds/abc"])


class Payment(Schema):
    """One attempt to pay. `created`: the result is not known yet; ask again. `requires_action`: see
    `next_action`. `failed`: see `decline_code`."""

    id: PaymentId
    booking_id: BookingId
    purpose: PaymentPurpose
    gateway: str = Field(examples=["sandbox"])
    status: PaymentStatus
    amount: Money
    refunded: Money
    decline_code: str | None = Field(examples=["insufficient_funds"])
    card: CardShown
    created_at: datetime
    captured_at: datetime | None
    failed_at: datetime | None
    next_action: NextAction | None = None
    travel_credit: Money | None = Field(
        default=None, description="What travel credit pays beside `amount`, all of it or nothing with it"
    )


class Refund(Schema):
    """Money on its way back to where it came from, or turned into travel credit. `created`: the gateway has
    not confirmed it yet."""

    id: RefundId
    payment_id: PaymentId
    status: RefundStatus
    amount: Money
    reason: str = Field(examples=["cancellation"])
    created_at: datetime
    done_at: datetime | None
    travel_credit_id: TravelCreditId | None = None


class RefundTo(StrEnum):
    """Where refunded money goes: back where it came from, or into travel credit."""

    PAYMENT = "payment"
    TRAVEL_CREDIT = "travel_credit"


class CreditSource(StrEnum):
    """Where travel credit comes from: money that was owed anyway, or a gift."""

    REFUND = "refund"
    COMPENSATION = "compensation"


class TravelCredit(Schema):
    """Money to travel with, spendable in parts until it expires."""

    id: TravelCreditId
    user_id: UserId | None
    booking_id: BookingId
    source: CreditSource
    reason: str = Field(examples=["delay of more than three hours"])
    issued: Money
    left: Money
    expires_at: datetime
    created_at: datetime


class Dispute(Schema):
    """Money that a cardholder's bank has taken back: `open` until it is `won` or `lost`."""

    id: DisputeId
    payment_id: PaymentId
    booking_id: BookingId
    amount: Money
    status: str = Field(examples=["open"])
    reason: str = Field(examples=["fraudulent"])
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class FraudVerdict:
    """What was decided about an attempt, and why; kept on the payment."""

    decision: str
    score: int
    reasons: list[dict[str, Any]]


@dataclass(frozen=True)
class NewPayment:
    """An intent to charge `amount` for a booking; `decline_code` when it is refused before any charge."""

    booking_id: UUID
    gateway: str
    amount: Money
    card: CardShown
    entities: Entities
    verdict: FraudVerdict
    decline_code: str | None = None
    purpose: PaymentPurpose = PaymentPurpose.BOOKING
    purpose_id: UUID | None = None
    beside_id: UUID | None = None
    travel_credit_id: UUID | None = None


@dataclass(frozen=True)
class Attempt:
    """A payment as the domains above work with it. `entities` are those it was made under."""

    shown: Payment
    entities: dict[str, str]
    fraud_decision: str
    fraud_score: int
    attempted_at: datetime
    request_id: str
    simulated: bool
    purpose_id: UUID | None = None
    reference: str | None = None
    beside_id: UUID | None = None
    travel_credit_id: UUID | None = None
    shared_from: UUID | None = None

    @property
    def purpose(self) -> PaymentPurpose:
        return self.shown.purpose

    @property
    def id(self) -> UUID:
        return self.shown.id

    @property
    def is_open(self) -> bool:
        """Whether its result is not known yet."""
        return self.shown.status in OPEN_STATUSES

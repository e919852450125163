"""What is asked of a change, and what it would do."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.bookings.schemas import MAX_SLICES, PaymentRequest
from app.core.http import Schema
from app.core.ids import BookingId, ChangeId, OfferId
from app.core.money import Money
from app.offers.schemas import OfferSlice
from app.payments.schemas import Payment, Refund, RefundTo


class ChangeStatus(StrEnum):
    QUOTED = "quoted"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"


class ChangeRequest(Schema):
    """A fresh offer for the same passengers, and which slices of the booking its slices replace, in order."""

    offer_id: OfferId
    slice_numbers: list[int] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SLICES,
        description="Left out: as many as the offer has, from the first that can still be changed",
        examples=[[1]],
    )


class ChangeConfirmation(Schema):
    payment: PaymentRequest | None = Field(default=None, description="Needed when something is due")


class Change(Schema):
    """A quote to change: what it costs or gives back. It holds once it is confirmed.

    due - residual = fare_difference + tax_difference + penalty - seats_back; one of the two is zero."""

    id: ChangeId
    booking_id: BookingId
    status: ChangeStatus
    offer_id: OfferId
    slice_numbers: list[int]
    slices: list[OfferSlice] = Field(description="The new flights")
    fare_difference: Money = Field(description="New less old; negative when the new flights cost less")
    tax_difference: Money
    penalty: Money = Field(description="What the old fare keeps for being changed")
    seats_back: Money = Field(description="Paid for seats on flights that are given up")
    due: Money
    residual: Money = Field(description="What is left over")
    residual_to: RefundTo = Field(
        description="The way it was paid, or into travel credit where the fare gives no money back"
    )
    quoted_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    payment: Payment | None = Field(description="The newest attempt to pay what was due")
    refunds: list[Refund]

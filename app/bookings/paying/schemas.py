"""What callers send to, and are shown of, paying back and travel credit."""

from pydantic import Field

from app.core.http import Schema
from app.core.money import CurrencyCode, Money
from app.payments.schemas import Dispute, Payment, Refund, RefundTo, TravelCredit

Reason = Field(min_length=3, max_length=200, examples=["the bag was never carried"])


class PaidAmount(Schema):
    """An amount that moves."""

    amount_minor: int = Field(gt=0, le=10**12, examples=[2500])
    currency: CurrencyCode


class RefundRequest(Schema):
    """So much, or what is owed. More than is owed gives up penalties, fees and extras, the newest first."""

    amount: PaidAmount | None = None
    reason: str = Reason
    to: RefundTo = RefundTo.PAYMENT


class CompensationRequest(Schema):
    amount: PaidAmount
    reason: str = Reason


class RefundAnswer(Schema):
    """`owed_before` is what the booking had paid for nothing; `waived` was given up for this refund."""

    refund: Refund
    owed_before: Money
    waived: Money
    travel_credit: TravelCredit | None = None


class TravelCredits(Schema):
    """What you may travel with, the first to expire first."""

    data: list[TravelCredit]


class BookingPayments(Schema):
    """Everything about a booking's money: attempts, refunds and disputes, the oldest first."""

    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]


class SandboxOutcome(Schema):
    outcome: str = Field(examples=["3ds"])
    token: str = Field(examples=["tok_3ds_US_4242"])
    decline_code: str | None = Field(examples=["authentication_failed"])
    what_happens: str


class SandboxOutcomes(Schema):
    """Card tokens of the sandbox gateway: `tok_<outcome>_<COUNTRY>_<fingerprint>`; the same fingerprint is
    the same card."""

    data: list[SandboxOutcome]

"""What payments tells."""

from uuid import UUID

from app.core.event_types.kind import Currency, Entities, MinorUnits, Payload, Reader, event


class _Attempt(Payload):
    payment_id: UUID
    amount_minor: MinorUnits
    currency: Currency
    gateway: str
    purpose: str
    fraud_decision: str
    fraud_score: int
    entities: Entities
    decline_code: str | None = None


@event("payments", "payment", Reader.WEBHOOKS)
class PaymentPending(_Attempt):
    """A payment was begun; the provider is about to be asked."""


@event("payments", "payment", Reader.WEBHOOKS)
class PaymentActionRequired(_Attempt):
    """The customer has something to do before the money can move."""


@event("payments", "payment")
class PaymentAuthorised(_Attempt):
    """The provider has set the money aside; it is taken or let go next."""


@event("payments", "payment", Reader.FRAUD, Reader.WEBHOOKS)
class PaymentSucceeded(_Attempt):
    """The provider has taken the money."""


@event("payments", "payment", Reader.FRAUD, Reader.WEBHOOKS)
class PaymentFailed(_Attempt):
    """No money was taken: refused by the provider, or before it was asked."""


@event("payments", "refund", Reader.WEBHOOKS)
class RefundIssued(Payload):
    """Money is on its way back."""

    refund_id: UUID
    payment_id: UUID
    amount_minor: MinorUnits
    currency: Currency


@event("payments", "refund", Reader.WEBHOOKS)
class RefundFailed(Payload):
    """The provider does not pay back; the money is still owed."""

    refund_id: UUID
    payment_id: UUID
    amount_minor: MinorUnits
    currency: Currency


class _Dispute(Payload):
    dispute_id: UUID
    payment_id: UUID
    amount_minor: MinorUnits
    currency: Currency
    reason: str


@event("payments", "dispute", Reader.WEBHOOKS)
class PaymentDisputed(_Dispute):
    """A cardholder's bank has taken the money back until it is decided whose it is."""


@event("payments", "dispute", Reader.WEBHOOKS)
class DisputeWon(_Dispute):
    """The money came back to us."""


@event("payments", "dispute", Reader.WEBHOOKS)
class DisputeLost(_Dispute):
    """The money stays with the cardholder."""


class _Credit(Payload):
    travel_credit_id: UUID
    amount_minor: MinorUnits
    currency: Currency
    source: str


@event("payments", "travel_credit", Reader.WEBHOOKS)
class TravelCreditIssued(_Credit):
    """Somebody may travel with so much, until it expires."""


@event("payments", "travel_credit", Reader.WEBHOOKS)
class TravelCreditExpired(_Credit):
    """What nobody spent in time is no longer owed."""

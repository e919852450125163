"""What payments tells."""

from uuid import UUID

from app.core.event_types.kind import Currency, Entities, MinorUnits, Payload, Reader, event


class _Attempt(Payload):
    payment_id: UUID
    amount_minor: MinorUnits
    currency: Currency
    fraud_decision: str
    fraud_score: int
    entities: Entities
    decline_code: str | None = None


@event("payments", "payment", Reader.WEBHOOKS)
class PaymentPending(_Attempt):
    """A payment was begun; the provider is about to be asked."""


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

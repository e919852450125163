"""The tables of payments. Their foreign keys and checks are in the migrations, which are the truth."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PaymentRow(SQLModel, table=True):
    """One attempt to pay for a booking. `created` means that its result is not known yet."""

    __tablename__ = "payments"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    gateway: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    refunded_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    decline_code: str | None = Field(default=None, sa_type=Text)
    card_hash: str | None = Field(default=None, sa_type=Text)
    card_country: str | None = Field(default=None, sa_type=Text)
    card_brand: str | None = Field(default=None, sa_type=Text)
    card_last4: str | None = Field(default=None, sa_type=Text)
    email_hash: str | None = Field(default=None, sa_type=Text)
    device_hash: str | None = Field(default=None, sa_type=Text)
    ip_hash: str | None = Field(default=None, sa_type=Text)
    ip24_hash: str | None = Field(default=None, sa_type=Text)
    prior_hashes: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    payer_surname_matches: bool | None = None
    fraud_decision: str = Field(sa_type=Text)
    fraud_score: int
    fraud_reasons: list[dict[str, Any]] = Field(sa_type=JSONB)
    provider_reference: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    attempted_at: datetime
    captured_at: datetime | None = None
    failed_at: datetime | None = None
    request_id: str = Field(sa_type=Text)
    simulated: bool = False
    updated_at: datetime
    purpose: str = Field(default="booking", sa_type=Text)
    purpose_id: UUID | None = None
    beside_id: UUID | None = None
    travel_credit_id: UUID | None = None
    shared_from: UUID | None = None


class ProviderReference(SQLModel, table=True):
    """A gateway's name for a charge, once: the partitioned payments cannot hold this key."""

    __tablename__ = "provider_references"
    __table_args__ = {"schema": "app"}

    gateway: str = Field(primary_key=True, sa_type=Text)
    reference: str = Field(primary_key=True, sa_type=Text)
    payment_id: UUID


class RefundRow(SQLModel, table=True):
    """Money on its way back. `created` means that the gateway has not confirmed it yet."""

    __tablename__ = "refunds"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    payment_id: UUID
    booking_id: UUID
    cancellation_id: UUID | None = None
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    provider_reference: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    attempted_at: datetime
    done_at: datetime | None = None
    updated_at: datetime
    travel_credit_id: UUID | None = None


class JournalEntry(SQLModel, table=True):
    """One line of a transaction whose lines sum to zero; debits are positive."""

    __tablename__ = "journal_entries"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    transaction_id: UUID
    account: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    booking_id: UUID
    payment_id: UUID | None = None
    refund_id: UUID | None = None
    occurred_at: datetime
    recorded_at: datetime


class PaymentAction(SQLModel, table=True):
    """Where a customer is to be sent. Kept apart from payments: such an address lets its holder act."""

    __tablename__ = "payment_actions"
    __table_args__ = {"schema": "app"}

    payment_id: UUID = Field(primary_key=True)
    url: str = Field(sa_type=Text)
    created_at: datetime


class DisputeRow(SQLModel, table=True):
    """Money a cardholder's bank takes back, until it is decided whose it is."""

    __tablename__ = "disputes"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    payment_id: UUID
    booking_id: UUID
    gateway: str = Field(sa_type=Text)
    reference: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    opened_at: datetime
    closed_at: datetime | None = None
    updated_at: datetime


class TravelCreditRow(SQLModel, table=True):
    """Money we owe somebody as travel, spendable in parts until it expires."""

    __tablename__ = "travel_credits"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID | None = None
    booking_id: UUID
    source: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    issued_minor: int = Field(sa_type=BigInteger)
    left_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    expires_at: datetime
    created_at: datetime
    updated_at: datetime


class GatewayEventRow(SQLModel, table=True):
    """A webhook that was taken, once per gateway and event id."""

    __tablename__ = "gateway_events"
    __table_args__ = {"schema": "app"}

    gateway: str = Field(primary_key=True, sa_type=Text)
    event_id: str = Field(primary_key=True, sa_type=Text)
    type: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    received_at: datetime

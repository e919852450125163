"""The tables of bookings, whose foreign keys and checks are in the migrations. A class ends in Row where the
API has a schema of the same name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class BookingRow(SQLModel, table=True):
    """One booking. Who travels and how to reach them is in the vault, under the subject ids."""

    __tablename__ = "bookings"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    pnr: str = Field(sa_type=Text)
    user_id: UUID | None = None
    contact_subject_id: UUID
    status: str = Field(sa_type=Text)
    offer_id: UUID
    channel: str = Field(sa_type=Text)
    currency: str = Field(sa_type=Text)
    total_minor: int = Field(sa_type=BigInteger)
    passenger_count: int
    price_guarantee_expires_at: datetime
    payment_required_by: datetime
    email_hash: str | None = Field(default=None, sa_type=Text)
    phone_hash: str | None = Field(default=None, sa_type=Text)
    device_hash: str | None = Field(default=None, sa_type=Text)
    ip_hash: str | None = Field(default=None, sa_type=Text)
    ip24_hash: str | None = Field(default=None, sa_type=Text)
    surname_hashes: list[str] = Field(sa_type=ARRAY(Text))
    prior_hashes: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    distinct_surnames: int
    ip_country: str | None = Field(default=None, sa_type=Text)
    ip_airport: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    confirmed_at: datetime | None = None
    ticketed_at: datetime | None = None
    cancelled_at: datetime | None = None
    expired_at: datetime | None = None
    request_id: str = Field(sa_type=Text)
    version: int = 1
    simulated: bool = False
    updated_at: datetime
    dispute_status: str | None = Field(default=None, sa_type=Text)


class Pnr(SQLModel, table=True):
    """A locator, once: the partitioned bookings cannot hold this key."""

    __tablename__ = "pnrs"
    __table_args__ = {"schema": "app"}

    pnr: str = Field(primary_key=True, sa_type=Text)
    booking_id: UUID


class PassengerRow(SQLModel, table=True):
    __tablename__ = "passengers"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    subject_id: UUID
    type: str = Field(sa_type=Text)
    created_at: datetime


class SegmentRow(SQLModel, table=True):
    """One flight of a booking, in the class it was sold in."""

    __tablename__ = "segments"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    flight_id: UUID
    slice_number: int = Field(sa_type=SmallInteger)
    segment_number: int = Field(sa_type=SmallInteger)
    cabin: str = Field(sa_type=Text)
    fare_class: str = Field(sa_type=Text)
    fare_product_id: UUID
    status: str = Field(sa_type=Text)
    created_at: datetime
    updated_at: datetime


class ItemRow(SQLModel, table=True):
    """One amount of a booking. The live ones add up to what it costs."""

    __tablename__ = "booking_items"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    passenger_id: UUID | None = None
    segment_id: UUID | None = None
    kind: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    created_at: datetime
    updated_at: datetime


class TicketRow(SQLModel, table=True):
    """One passenger's right to fly."""

    __tablename__ = "tickets"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=Text)
    booking_id: UUID
    passenger_id: UUID
    status: str = Field(sa_type=Text)
    issued_at: datetime
    updated_at: datetime


class CouponRow(SQLModel, table=True):
    """The part of a ticket that is used up by one segment."""

    __tablename__ = "coupons"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    ticket_id: UUID
    booking_id: UUID
    passenger_id: UUID
    segment_id: UUID
    flight_id: UUID
    number: int = Field(sa_type=SmallInteger)
    status: str = Field(sa_type=Text)
    fare_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    created_at: datetime
    updated_at: datetime
    boarding_outcome: str | None = Field(default=None, sa_type=Text)


class CancellationRow(SQLModel, table=True):
    """A quote to cancel; the newest of a booking may be confirmed."""

    __tablename__ = "cancellations"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    status: str = Field(sa_type=Text)
    penalty_minor: int = Field(sa_type=BigInteger)
    refund_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    quoted_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None = None
    is_whole: bool = True
    is_void: bool = False


class RowHistory(SQLModel, table=True):
    """What a row of a booking was until `ended_at`. Written by the database alone, and only ever added to."""

    __tablename__ = "row_history"
    __table_args__ = {"schema": "app"}

    id: int = Field(primary_key=True, sa_type=BigInteger)
    table_name: str = Field(sa_type=Text)
    row_id: UUID
    booking_id: UUID
    was: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    ended_at: datetime
    recorded_at: datetime


class CancellationCouponRow(SQLModel, table=True):
    """What a quote is for. A coupon is in at most one that was confirmed."""

    __tablename__ = "cancellation_coupons"
    __table_args__ = {"schema": "app"}

    cancellation_id: UUID = Field(primary_key=True)
    coupon_id: UUID = Field(primary_key=True)
    is_confirmed: bool = False

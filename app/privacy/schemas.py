"""What a person is given of themselves, and how long things are kept."""

from datetime import datetime

from pydantic import Field

from app.bookings.persons.schemas import ExportedBooking
from app.core.http import Schema
from app.identity.factors.schemas import FactorStatus
from app.identity.keys.schemas import ApiKey
from app.identity.schemas import ConsentDecision, Session, User
from app.payments.schemas import Payment
from app.waitlist.schemas import WaitlistEntry


class PersonalExport(Schema):
    """Everything we know of a person, in a form a program can read (GDPR, articles 15 and 20)."""

    exported_at: datetime
    user: User
    consents: list[ConsentDecision]
    sessions: list[Session]
    second_factor: FactorStatus
    api_keys: list[ApiKey]
    bookings: list[ExportedBooking] = Field(description="The newest first; the newest thousand")
    waitlist: list[WaitlistEntry]
    payments: list[Payment]


class RetentionRule(Schema):
    """How long one kind of row is kept, counted from what, and why."""

    name: str = Field(examples=["unpaid_bookings"])
    tables: list[str] = Field(examples=[["vault.people", "app.bookings"]])
    kept_days: int = Field(examples=[90])
    counted_from: str = Field(examples=["the end of the hold"])
    reason: str


class RetentionRules(Schema):
    data: list[RetentionRule]

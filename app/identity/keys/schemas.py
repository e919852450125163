"""What partners send and get to call with a key."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from app.core.http import Schema
from app.core.ids import ApiKeyId

# A day to bring a new key to every machine, a month at most.
DEFAULT_OVERLAP_HOURS = 24
MAX_OVERLAP_HOURS = 24 * 30


class Scope(StrEnum):
    """What a key may be made for. `write` does not include `read`. An account is nobody's scope."""

    FLIGHTS_READ = "flights:read"
    FLIGHTS_WRITE = "flights:write"
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    NOTIFICATIONS_READ = "notifications:read"
    CHECK_IN_READ = "check-in:read"
    CHECK_IN_WRITE = "check-in:write"
    WAITLIST_READ = "waitlist:read"
    WAITLIST_WRITE = "waitlist:write"
    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"


KeyName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S", examples=["booking engine"])]


class ApiKeyCreate(Schema):
    name: KeyName
    scopes: Annotated[
        list[Scope], Field(min_length=1, max_length=len(Scope), examples=[["flights:write", "bookings:read"]])
    ]
    expires_at: AwareDatetime | None = None


class ApiKeyRotation(Schema):
    overlap_hours: int = Field(
        default=DEFAULT_OVERLAP_HOURS,
        ge=0,
        le=MAX_OVERLAP_HOURS,
        description="How long the present key goes on working beside the new one",
    )


class ApiKey(Schema):
    id: ApiKeyId
    name: str
    prefix: str = Field(description="How the key begins", examples=["ck_8fQ2mWx1"])
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute")
    replaced_by: ApiKeyId | None


class NewApiKey(ApiKey):
    key: str = Field(
        description="Shown this once: send it as `Authorization: Bearer ck_...`",
        examples=["ck_8fQ2mWx1c5VJd0pUeR7wXzL4mHtG8iKo3aNb6sYqE0"],
    )

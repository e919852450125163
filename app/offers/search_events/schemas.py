"""A search event, column by column."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from app.core.http import Schema
from app.flights.schemas import Cabin


class SearchEventKind(StrEnum):
    SEARCH = "search"
    LOOK = "look"


class SearchEvent(Schema):
    """`total_minor` is of the offer looked at, or of the one a search named first."""

    id: UUID
    kind: SearchEventKind
    offer_request_id: UUID
    offer_id: UUID | None = None
    user_id: UUID | None = None
    session_hash: str | None = None
    source: str
    origin: str
    destination: str
    departure_date: date
    slices: int
    stay_days: int | None = None
    cabin: Cabin
    adults: int
    children: int
    infants: int
    max_stops: int | None = None
    sort: str | None = None
    offers_found: int | None = None
    total_minor: int | None = None
    currency: str | None = None
    availability_age_ms: int | None = None
    took_ms: int | None = None
    occurred_at: datetime
    request_id: str
    simulated: bool

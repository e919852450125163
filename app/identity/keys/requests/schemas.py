"""One request of the log."""

from datetime import datetime

from pydantic import Field

from app.core.http import Schema


class ApiRequest(Schema):
    """Something asked with a key, as it was answered."""

    method: str = Field(examples=["POST"])
    route: str = Field(description="Its pattern", examples=["/v1/bookings/{booking_id}"])
    status: int = Field(examples=[201])
    duration_ms: int = Field(examples=[38])
    request_id: str = Field(description="As in x-request-id, and in our logs")
    asked_at: datetime

"""What is asked of a split."""

from pydantic import Field

from app.bookings.schemas import MAX_PASSENGERS
from app.core.http import Schema
from app.core.ids import PassengerId


class SplitRequest(Schema):
    passenger_ids: list[PassengerId] = Field(
        min_length=1, max_length=MAX_PASSENGERS, description="Who leaves for a booking of their own"
    )

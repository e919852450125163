"""What a guest sends and gets."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.core.http import Schema
from app.core.ids import PNR_LENGTH, BookingId
from app.core.people import PersonName

Pnr = Annotated[
    str,
    Field(min_length=PNR_LENGTH, max_length=PNR_LENGTH, examples=["K7QW3Z"]),
    AfterValidator(str.upper),
]


class GuestAccessRequest(Schema):
    pnr: Pnr
    last_name: PersonName


class GuestAccess(Schema):
    """A token that opens this booking and nothing else."""

    booking_id: BookingId
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds until the access token ends", examples=[3600])

"""Connection times as they are stated and shown."""

from typing import Annotated

from pydantic import Field

from app.core.http import Schema
from app.reference.schemas import AirportCode

Minutes = Annotated[int, Field(ge=10, le=600, examples=[75])]


class StatedMinimums(Schema):
    """By what arrives and what departs. Null, or not named, is the default."""

    domestic_domestic_minutes: Minutes | None = None
    domestic_international_minutes: Minutes | None = None
    international_domestic_minutes: Minutes | None = None
    international_international_minutes: Minutes | None = None


class Minimums(Schema):
    """What holds at an airport: what it states, and the defaults for the rest."""

    airport: AirportCode
    domestic_domestic_minutes: int = Field(examples=[45])
    domestic_international_minutes: int = Field(examples=[90])
    international_domestic_minutes: int = Field(examples=[90])
    international_international_minutes: int = Field(examples=[90])
    stated: StatedMinimums
    version: int = Field(description="The ETag of this state; 0 while nothing is stated", examples=[0])

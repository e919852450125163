"""What is asked of a name correction."""

from typing import Self

from pydantic import model_validator

from app.bookings.schemas import TravellerName
from app.core.http import Schema


class NameCorrectionRequest(Schema):
    """The name as it should be; what is left out stays."""

    given_name: TravellerName | None = None
    family_name: TravellerName | None = None

    @model_validator(mode="after")
    def _corrects_something(self) -> Self:
        if self.given_name is None and self.family_name is None:
            raise ValueError("give the name as it should be")
        return self

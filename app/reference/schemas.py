"""What callers see of the reference data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from app.core.http import Schema

AirportCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="IATA code", examples=["JFK"])]

AirlineCode = Annotated[str, Field(pattern="^[A-Z0-9]{2}$", description="IATA code", examples=["B6"])]


class AirportView(Schema):
    code: AirportCode
    name: str = Field(examples=["John F Kennedy Intl"])
    city: str = Field(examples=["New York"])
    country: str = Field(description="ISO 3166 alpha-2", examples=["US"])
    latitude: float = Field(examples=[40.6398])
    longitude: float = Field(examples=[-73.7789])
    zone: str = Field(description="IANA time zone of its local times", examples=["America/New_York"])
    distance_km: float | None = Field(
        default=None, description="From `near`, where that was asked", examples=[21.4]
    )


@dataclass(frozen=True, slots=True)
class Nearness:
    """A circle on the map."""

    latitude: float
    longitude: float
    radius_km: int


@dataclass(frozen=True, slots=True)
class AircraftTypeView:
    """`cabins` is the number of seats by cabin, front to back; empty when it is not known."""

    code: str
    manufacturer: str
    model: str
    seats: int
    cabins: Mapping[str, int]

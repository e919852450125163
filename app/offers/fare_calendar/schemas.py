"""The fare calendar as callers see it."""

from datetime import date, datetime

from pydantic import Field

from app.core.http import Schema
from app.core.money import CurrencyCode, Money
from app.flights.schemas import Cabin
from app.offers.schemas import ExchangeRate
from app.reference.schemas import AirportCode


class CalendarDay(Schema):
    departure_date: date = Field(description="The local day at the origin")
    cheapest: Money | None = Field(description="For one adult, taxes included; null: nothing is for sale")
    airline: str | None = Field(description="Whose fare that is")
    fare_basis: str | None


class FareCalendar(Schema):
    """What one adult pays at the least on each day, one way, on a direct flight. A price that is told and
    not promised: an offer request for the day makes the offer."""

    origin: AirportCode
    destination: AirportCode
    month: str = Field(examples=["2026-12"])
    cabin: Cabin
    currency: CurrencyCode
    as_of: datetime
    fx: ExchangeRate | None
    data: list[CalendarDay]

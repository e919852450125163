"""What an ancillary costs on a flight, and who may have it."""

from datetime import date

from app.core.money import Money
from app.pricing.ancillaries.schemas import Ancillary
from app.pricing.schemas import PassengerType


def price(ancillary: Ancillary, distance_km: int) -> Money:
    """An amount and so much for each 1000 km, rounded half up to the whole unit of a hundred minor units."""
    exact = 1000 * ancillary.amount_minor + ancillary.minor_per_1000_km * distance_km
    return Money(amount_minor=(exact + 50_000) // 100_000 * 100, currency=ancillary.currency)


def is_on_sale(ancillary: Ancillary, distance_km: int, passenger_type: PassengerType, day: date) -> bool:
    holds = ancillary.valid_from <= day and (ancillary.valid_to is None or day <= ancillary.valid_to)
    return holds and passenger_type in ancillary.passenger_types and distance_km >= ancillary.min_distance_km

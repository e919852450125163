"""What a seat costs. Integer minor units all the way; every rounding is half up, once per line.

The fare of an adult is a base by distance times the product's multiplier:

    base  = 35.00 + 0.09 a km up to 1500 km + 0.05 a km beyond
    fare  = base * multiplier          a child pays 75 % of it, an infant on a lap 10 %
    taxes = transport tax 7.5 % of the fare; 5.00 for each segment and 5.60 for each trip of a seat
"""

from collections.abc import Sequence
from datetime import date

from app.core.money import Money
from app.pricing.schemas import FareProduct, PassengerPrice, PassengerType, TaxLine

BASE_MINOR = 3500
NEAR_KM = 1500
NEAR_MINOR_PER_KM = 9
FAR_MINOR_PER_KM = 5
FARE_PERCENT = {PassengerType.ADULT: 100, PassengerType.CHILD: 75, PassengerType.INFANT: 10}

TRANSPORT_TAX_THOUSANDTHS = 75
SEGMENT_FEE_MINOR = 500
SECURITY_FEE_MINOR = 560


def base_fare_minor(distance_km: int) -> int:
    """What the cheapest class pays for the distance: a start, then so much a km, less when far."""
    near_km = min(distance_km, NEAR_KM)
    return BASE_MINOR + near_km * NEAR_MINOR_PER_KM + (distance_km - near_km) * FAR_MINOR_PER_KM


def fare_minor(product: FareProduct, distance_km: int, passenger_type: PassengerType) -> int:
    adult = _share(base_fare_minor(distance_km), product.multiplier_thousandths, 1000)
    return _share(adult, FARE_PERCENT[passenger_type], 100)


def price_passenger(
    product: FareProduct, distances_km: Sequence[int], passenger_type: PassengerType
) -> PassengerPrice:
    """The price of one passenger on the segments of one trip, line by line."""
    fare = sum(fare_minor(product, distance, passenger_type) for distance in distances_km)
    taxes = [("TRT", "Transport tax", _share(fare, TRANSPORT_TAX_THOUSANDTHS, 1000))]
    if passenger_type.needs_seat:
        taxes.append(("SGF", "Segment fee", SEGMENT_FEE_MINOR * len(distances_km)))
        taxes.append(("SEC", "Security fee", SECURITY_FEE_MINOR))

    def money(amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=product.currency)

    return PassengerPrice(
        type=passenger_type,
        fare=money(fare),
        taxes=[TaxLine(code=code, description=text, amount=money(minor)) for code, text, minor in taxes],
        total=money(fare + sum(minor for _, _, minor in taxes)),
    )


def price_passengers(
    product: FareProduct, distances_km: Sequence[int], passenger_types: Sequence[PassengerType]
) -> list[PassengerPrice]:
    """The price of each passenger, in the order given; equal passengers share one."""
    by_type = {kind: price_passenger(product, distances_km, kind) for kind in set(passenger_types)}
    return [by_type[kind] for kind in passenger_types]


def total(prices: Sequence[PassengerPrice], currency: str) -> Money:
    return sum((price.total for price in prices), Money(amount_minor=0, currency=currency))


def may_be_bought(product: FareProduct, bought_on: date, departs_on: date) -> bool:
    """Both dates are those of the airport of departure."""
    is_valid = product.valid_from <= bought_on and (product.valid_to is None or bought_on <= product.valid_to)
    return is_valid and (departs_on - bought_on).days >= product.advance_purchase_days


def _share(amount_minor: int, part: int, whole: int) -> int:
    """amount * part / whole, rounded half up."""
    return (2 * amount_minor * part + whole) // (2 * whole)

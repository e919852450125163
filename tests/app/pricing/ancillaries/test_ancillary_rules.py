"""Who may buy an ancillary, and for how much."""

from datetime import date

import pytest

from app.core.ids import uuid7
from app.pricing.ancillaries.rules import is_on_sale, price
from app.pricing.ancillaries.schemas import Ancillary, AncillaryKind
from app.pricing.schemas import PassengerType


def bag(amount_minor: int = 3000, minor_per_1000_km: int = 500, min_distance_km: int = 0) -> Ancillary:
    return Ancillary(
        uuid7(), "BAG1", AncillaryKind.BAG, None, "A bag", amount_minor, minor_per_1000_km, "USD",
        (PassengerType.ADULT,), 1, min_distance_km, date(2031, 1, 1), date(2031, 12, 31),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("distance_km", "expected"), [(1, 3000), (1000, 3500), (1099, 3500), (1100, 3600), (3983, 5000)]
)
def test_a_price_goes_by_distance_in_whole_units(distance_km: int, expected: int) -> None:
    assert price(bag(), distance_km).amount_minor == expected


@pytest.mark.parametrize(
    ("kind", "distance_km", "day", "expected"),
    [
        (PassengerType.ADULT, 1000, date(2031, 1, 1), True),
        (PassengerType.ADULT, 1000, date(2031, 12, 31), True),
        (PassengerType.ADULT, 1000, date(2032, 1, 1), False),
        (PassengerType.ADULT, 1000, date(2030, 12, 31), False),
        (PassengerType.ADULT, 999, date(2031, 6, 1), False),
        (PassengerType.INFANT, 1000, date(2031, 6, 1), False),
    ],
)
def test_it_is_on_sale_for_whom_when_and_how_far_the_catalogue_says(
    kind: PassengerType, distance_km: int, day: date, expected: bool
) -> None:
    assert is_on_sale(bag(min_distance_km=1000), distance_km, kind, day) is expected

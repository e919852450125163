"""Carbon dioxide for a seat, against figures worked out by hand from the method's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flights.schemas import Cabin
from app.offers.emissions import kg_co2

cabins = st.sampled_from(Cabin)
distances = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("distance_km", "cabin", "seats", "kilograms"),
    [
        # (2.714 * 1095 + 1166.52) / (153.51 * 0.82) * 0.93 * 0.96 * 3.15
        (1000, Cabin.ECONOMY, None, 92.5),
        (1000, Cabin.BUSINESS, None, 121.4),
        # (0.0001 * 4078^2 + 7.104 * 4078 + 5044.93) / (280.21 * 0.82) * 0.74 * 0.80 * 3.15
        (3983, Cabin.ECONOMY, None, 289.6),
        # As full as the curve knows: 153.51 * 1.25 seats.
        (1000, Cabin.ECONOMY, 400, 74.0),
        (1000, Cabin.ECONOMY, 20, 123.3),
    ],
)
def test_a_known_flight_by_the_published_figures(
    distance_km: int, cabin: Cabin, seats: int | None, kilograms: float
) -> None:
    assert kg_co2(distance_km, cabin, seats) == pytest.approx(kilograms, abs=0.1)


@given(distances, cabins, st.integers(1, 900), st.integers(1, 900))
def test_more_seats_never_mean_more_for_each(distance_km: int, cabin: Cabin, few: int, many: int) -> None:
    few, many = sorted((few, many))

    assert kg_co2(distance_km, cabin, few) >= kg_co2(distance_km, cabin, many) > 0


@given(distances)
def test_a_better_cabin_never_weighs_less(distance_km: int) -> None:
    economy, business, first = (
        kg_co2(distance_km, cabin, None) for cabin in (Cabin.ECONOMY, Cabin.BUSINESS, Cabin.FIRST)
    )

    assert economy < business < first


@pytest.mark.parametrize("edge", [1500, 2500])
def test_one_length_of_flight_goes_over_into_the_other_without_a_step(edge: int) -> None:
    before, after = (kg_co2(edge + step, Cabin.ECONOMY, None) for step in (0, 1))

    assert abs(after - before) < 1

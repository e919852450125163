"""When a flight may be sold, and checked in for."""

from datetime import timedelta

import pytest

from app.flights.rules import SALE_CLOSES_BEFORE_DEPARTURE, is_check_in_open, is_open_for_sale
from app.flights.schemas import FlightStatus, Traffic
from tests.app.departures import NOON

MINUTE = timedelta(minutes=1)


def test_the_sale_closes_an_hour_before_departure_to_the_second() -> None:
    closing = NOON - SALE_CLOSES_BEFORE_DEPARTURE

    assert is_open_for_sale(FlightStatus.SCHEDULED, NOON, closing - timedelta(seconds=1))
    assert not is_open_for_sale(FlightStatus.SCHEDULED, NOON, closing)


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        (FlightStatus.SCHEDULED, True),
        (FlightStatus.DELAYED, True),
        (FlightStatus.CHECK_IN_OPEN, True),
        (FlightStatus.BOARDING, False),
        (FlightStatus.DEPARTED, False),
        (FlightStatus.ARRIVED, False),
        (FlightStatus.CANCELLED, False),
        (FlightStatus.DIVERTED, False),
    ],
)
def test_a_flight_that_left_or_never_will_is_not_for_sale(status: FlightStatus, is_open: bool) -> None:
    assert is_open_for_sale(status, NOON, NOON - timedelta(days=1)) is is_open


@pytest.mark.parametrize(
    ("countries", "traffic"), [(("US", "US"), Traffic.DOMESTIC), (("US", "GB"), Traffic.INTERNATIONAL)]
)
def test_a_flight_between_two_countries_is_international(
    countries: tuple[str, str], traffic: Traffic
) -> None:
    assert Traffic.between(*countries) is traffic


@pytest.mark.parametrize(
    ("before", "is_open"),
    [
        (timedelta(hours=24) + MINUTE, False),
        (timedelta(hours=24), True),
        (timedelta(hours=3), True),
        (timedelta(minutes=41), True),
        (timedelta(minutes=40), False),
        (-MINUTE, False),
    ],
)
def test_check_in_opens_a_day_and_closes_forty_minutes_before(before: timedelta, is_open: bool) -> None:
    assert is_check_in_open(FlightStatus.SCHEDULED, NOON, NOON - before) is is_open


@pytest.mark.parametrize("status", list(FlightStatus))
def test_a_flight_that_boards_left_or_is_off_takes_no_check_in(status: FlightStatus) -> None:
    takes = status in (FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN)

    assert is_check_in_open(status, NOON, NOON - timedelta(hours=2)) is takes

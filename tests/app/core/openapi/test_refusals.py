"""What is read from code: what a function raises, itself and through what it calls, and what it catches."""

from collections.abc import Callable
from typing import Any

import pytest

import app.main  # noqa: F401
from app.bookings import payment_service, purposes
from app.core.openapi.refusals import raised_by_all
from app.core.security import Role, require_role
from app.offers.sources import service as sources
from app.settings import service as settings


def codes(function: Callable[..., Any]) -> set[str]:
    return {error.code for error in raised_by_all([function])}


def test_error_of_a_class_that_fits_a_protocol_is_found() -> None:
    assert "source_failed" in codes(sources.find_offer)


def test_error_that_is_caught_on_the_way_is_not_told() -> None:
    assert "source_failed" not in codes(sources._ask)


def test_error_given_as_a_default_is_found() -> None:
    assert "feature_off" in codes(settings.require)


def test_error_of_a_closure_is_found() -> None:
    assert codes(require_role(Role.ADMIN).dependency) == {"forbidden"}


def test_error_of_a_registered_purpose_is_found_where_it_is_paid_for() -> None:
    assert {"booking_not_payable", "price_changed", "extras_order_not_payable"} <= codes(payment_service.pay)


@pytest.mark.parametrize("function", [purposes.register, len])
def test_function_that_refuses_nothing_tells_nothing(function: Callable[..., Any]) -> None:
    assert codes(function) == set()

"""What the tests of check-in share: the payment provider and the traveller of the bookings' tests."""

from tests.app.bookings.conftest import gateway, traveller

__all__ = ["gateway", "traveller"]

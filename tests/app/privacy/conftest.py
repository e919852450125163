"""The sandbox gateway, for bookings that were paid."""

from tests.app.bookings.conftest import gateway

__all__ = ["gateway"]

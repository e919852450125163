"""What the tests of the waitlist share: a payment provider and a traveller, as those of bookings do."""

from tests.app.bookings.conftest import gateway, traveller

__all__ = ["gateway", "traveller"]

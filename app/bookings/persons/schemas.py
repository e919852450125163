"""What a person is given of their bookings."""

from app.bookings.schemas import Booking, BookingEvent
from app.core.http import Schema


class ExportedBooking(Schema):
    """A booking with what was said to reach its travellers, and what happened to it."""

    booking: Booking
    contact: dict[str, str]
    history: list[BookingEvent]

"""What bookings tells of travellers who were moved."""

from uuid import UUID

from app.core.event_types.kind import Payload, Reader, event


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingReaccommodated(Payload):
    """Travellers are on other flights than they bought, at no cost, because theirs did not go as planned."""

    pnr: str
    old_flight_ids: list[UUID]
    flight_ids: list[UUID]

"""What flights tells."""

from uuid import UUID

from app.core.event_types.kind import Payload, Reader, event


@event("flights", "flight", Reader.WEBHOOKS)
class FlightUpdated(Payload):
    """A flight is in another state, or expected at other times, or flown by another aircraft."""

    flight_id: UUID
    status: str
    delay_minutes: int
    reason: str | None = None
    diverted_to: str | None = None
    aircraft_type: str | None = None

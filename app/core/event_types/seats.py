"""What choosing seats tells."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.core.event_types.kind import Payload, Reader, event


class SeatOfPassenger(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    flight_id: UUID
    passenger_id: UUID
    seat: str


@event("bookings", "booking", Reader.WEBHOOKS)
class SeatsAssigned(Payload):
    """Passengers took, changed or gave back seats; these are all the seats the booking has now."""

    pnr: str
    seats: list[SeatOfPassenger]

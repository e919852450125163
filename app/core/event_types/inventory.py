"""What inventory tells."""

from uuid import UUID

from pydantic import Field

from app.core.event_types.kind import Payload, Reader, event


@event("inventory", "flight", Reader.WEBHOOKS)
class InventoryUpdated(Payload):
    """Somebody, or a program, changed what one cabin of a flight may sell; or it has another aircraft."""

    flight_id: UUID
    cabin: str
    version: int
    capacity: int
    authorised: int
    classes: list[str] = Field(description="From the dearest down")
    limits: list[int] = Field(description="In the order of `classes`; nested")
    authorised_before: int
    limits_before: list[int]

"""What disruptions tells."""

from uuid import UUID

from app.core.event_types.kind import Payload, Reader, event


@event("disruptions", "schedule_change", Reader.NOTIFICATIONS, Reader.WEBHOOKS)
class ScheduleChanged(Payload):
    """A booking cannot be flown as it was bought; its traveller is asked what to do."""

    pnr: str
    schedule_change_id: UUID
    kind: str
    reason: str
    delay_minutes: int
    flight_ids: list[UUID]
    is_flight_kept: bool
    options: int


@event("disruptions", "schedule_change", Reader.WEBHOOKS)
class ScheduleChangeDecided(Payload):
    """The traveller has accepted, chosen other flights, or asked for the money."""

    pnr: str
    schedule_change_id: UUID
    decision: str
    old_flight_ids: list[UUID]
    flight_ids: list[UUID]

"""What the waitlist tells. `booking_id` of the row is the booking that holds the seats offered."""

from datetime import datetime
from uuid import UUID

from app.core.event_types.kind import Currency, MinorUnits, Payload, Reader, event


class _Entry(Payload):
    waitlist_entry_id: UUID
    flight_ids: list[UUID]
    cabin: str
    seats: int
    priority: int


@event("waitlist", "waitlist_entry")
class WaitlistJoined(_Entry):
    """A party waits for seats on a full flight."""


@event("waitlist", "waitlist_entry", Reader.NOTIFICATIONS, Reader.WEBHOOKS)
class WaitlistOffered(_Entry):
    """Seats came free and are held for the party until `expires_at`."""

    pnr: str
    expires_at: datetime
    total_minor: MinorUnits
    currency: Currency


@event("waitlist", "waitlist_entry", Reader.WEBHOOKS)
class WaitlistConverted(_Entry):
    """The offer was paid."""

    reason: str


@event("waitlist", "waitlist_entry", Reader.WEBHOOKS)
class WaitlistLapsed(_Entry):
    """The offer was not paid in time, the sale closed, or the person is no longer known."""

    reason: str


@event("waitlist", "waitlist_entry")
class WaitlistLeft(_Entry):
    """The party waits no longer, by its own wish."""

    reason: str

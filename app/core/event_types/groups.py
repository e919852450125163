"""What groups tell. The bookings of a block tell the rest, as any booking does."""

from uuid import UUID

from app.core.event_types.kind import Payload, Reader, event


class _Group(Payload):
    group_id: UUID
    flight_ids: list[UUID]
    cabin: str
    seats: int


@event("bookings", "group")
class GroupRequested(_Group):
    """Somebody asks for ten seats or more."""


@event("bookings", "group", Reader.WEBHOOKS)
class GroupQuoted(_Group):
    """An agent offered a price and its deadlines."""


@event("bookings", "group", Reader.WEBHOOKS)
class GroupDeclined(_Group):
    """An agent cannot offer these seats."""


@event("bookings", "group", Reader.WEBHOOKS)
class GroupConfirmed(_Group):
    """The quote was accepted and the whole block is held."""


@event("bookings", "group", Reader.WEBHOOKS)
class GroupCancelled(_Group):
    """What the group still held was given up; its deposits are kept."""

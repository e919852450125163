"""What identity tells."""

from app.core.event_types.kind import Entities, Payload, event


@event("identity", "user")
class UserRegistered(Payload):
    """Somebody made an account."""

    entities: Entities

"""What the audit log tells."""

from app.core.event_types.kind import Payload, event


@event("audit", "audit_chain")
class AuditSealed(Payload):
    """New entries were chained; this is the head. Kept by the lake, it contradicts a rewritten chain."""

    position: int
    digest: str

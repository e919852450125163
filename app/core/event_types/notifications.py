"""What notifications tells."""

from typing import Literal

from app.core.event_types.kind import Payload, event


@event("notifications", "webhook_endpoint")
class WebhookEndpointDisabled(Payload):
    """Nothing is sent to an endpoint any more: its receiver said so, or took nothing for 72 hours."""

    reason: Literal["gone", "unreachable"]

"""Which events somebody is written about, and the request that comes of one."""

from uuid import UUID, uuid5

import msgspec

from pipelines.events import DomainEvent
from pipelines.records import BadMessage

# The namespace of request ids. Never change it: a replayed event must make the request it made before.
NAMESPACE = UUID("5b0d3a0e-4d5f-5b43-9c0a-2f6a0c7f4b11")
CHANNEL = "email"
TEMPLATES = {
    "BookingConfirmed": "booking_confirmed",
    "BookingCancelled": "booking_cancelled",
    "HoldExpired": "hold_expired",
    "ScheduleChanged": "schedule_changed",
    "PasswordResetRequested": "password_reset",
    "EmailVerificationRequested": "email_verification",
    "EmailChangeRequested": "email_change",
    "PasswordChanged": "password_changed",
    "WaitlistOffered": "waitlist_offered",
}
NOTIFIED = frozenset(TEMPLATES)


class NotificationRequest(msgspec.Struct, frozen=True, gc=False):
    """One message to one person about one event."""

    event: DomainEvent
    request_id: UUID
    subject_id: UUID
    channel: str
    template: str
    payload: dict[str, object]


def request_id_of(event_id: UUID, channel: str, subject_id: UUID) -> UUID:
    return uuid5(NAMESPACE, f"{event_id}:{channel}:{subject_id}")


def request_of(event: DomainEvent) -> NotificationRequest | BadMessage:
    """The request an event asks for. Whom fraud rules know it by is nothing a letter needs."""
    if event.subject_id is None:
        return BadMessage(event.change.message, f"{event.type} names no subject to write to")
    payload = {name: value for name, value in event.payload.items() if name != "entities"}
    return NotificationRequest(
        event=event,
        request_id=request_id_of(event.id, CHANNEL, event.subject_id),
        subject_id=event.subject_id,
        channel=CHANNEL,
        template=TEMPLATES[event.type],
        payload=payload,
    )

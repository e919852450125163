"""What one event tells about the entities in it: the input of every rule."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec

from pipelines.envelope import UNREADABLE
from pipelines.events import DomainEvent
from pipelines.records import BadMessage

ENTITY_KINDS = ("account", "card", "device", "email", "ip")
WATCHED = frozenset({"BookingCreated", "HoldExpired", "PaymentFailed", "PaymentSucceeded"})


class ObservationKind(StrEnum):
    PAYMENT = "payment"
    BOOKING = "booking"
    EXPIRY = "expiry"


KIND_OF = {
    "BookingCreated": ObservationKind.BOOKING,
    "HoldExpired": ObservationKind.EXPIRY,
    "PaymentFailed": ObservationKind.PAYMENT,
    "PaymentSucceeded": ObservationKind.PAYMENT,
}


class Entity(NamedTuple):
    """A card, device, e-mail address, IP address (all keyed hashes) or account."""

    kind: str
    key: str


class Observation(NamedTuple):
    """One event as an entity sees it. Times are microseconds; they come first, so that observations sort."""

    occurred_us: int
    event_id: str
    kind: ObservationKind
    committed_us: int
    booking: str
    card: str | None
    declined: bool


class Sighting(NamedTuple):
    """An observation at one of its entities."""

    entity: Entity
    observation: Observation


EntityKey = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Payload(msgspec.Struct, gc=False):
    entities: dict[str, EntityKey | None] = {}


def sightings_of(event: DomainEvent) -> list[Sighting] | BadMessage:
    """The event at each entity it names; entities nobody knew are not there."""
    try:
        entities = msgspec.convert(event.payload, _Payload).entities
    except UNREADABLE as error:
        return BadMessage(event.change.message, f"the entities cannot be read: {error}")
    if event.booking_id is None:
        return BadMessage(event.change.message, f"{event.type} names no booking")
    observation = Observation(
        occurred_us=microseconds(event.occurred_at),
        event_id=str(event.id),
        kind=KIND_OF[event.type],
        committed_us=event.change.source_ts_us,
        booking=str(event.booking_id),
        card=entities.get("card"),
        declined=event.type == "PaymentFailed",
    )
    named = ((kind, entities.get(kind)) for kind in ENTITY_KINDS)
    return [Sighting(Entity(kind, key), observation) for kind, key in named if key is not None]


def microseconds(moment: datetime) -> int:
    """Exact microseconds since 1970: floats would round a window's edge."""
    return (int(moment.replace(microsecond=0).timestamp()) * 1_000_000) + moment.microsecond

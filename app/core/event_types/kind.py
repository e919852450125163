"""How an event is declared: a class named as the event, whose fields are its payload."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Reader(StrEnum):
    """Who acts on an event. Beside these every event is kept, exported and counted by the warehouse, and
    one with a booking is shown in that booking's history."""

    FRAUD = "pipelines.fraud"
    NOTIFICATIONS = "pipelines.notifications"
    AVAILABILITY = "pipelines.availability"
    WEBHOOKS = "webhooks"
    LANDING = "pipelines.landing"


class Payload(BaseModel):
    """What an event carries beside its row. Nothing in it names a person: it enters the stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class EventType:
    """One line of the catalogue."""

    name: str
    description: str
    writer: str
    entity: str
    readers: tuple[Reader, ...]
    payload: type[Payload]


Declared = TypeVar("Declared", bound=type[Payload])

DECLARED: dict[str, EventType] = {}

MinorUnits = Annotated[int, Field(description="Money in minor units of `currency`")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
# Kind of entity -> its id, or its keyed hash: whom the fraud rules count by.
Entities = Annotated[
    dict[str, str], Field(description="account, email, device, ip, ip24, card: an id or a keyed hash each")
]


def event(writer: str, entity: str, *readers: Reader) -> Callable[[Declared], Declared]:
    """Declare an event that `writer` (a domain) tells of an `entity`, and who acts on it."""

    def declare(payload: Declared) -> Declared:
        description = " ".join((payload.__doc__ or "").split())
        DECLARED[payload.__name__] = EventType(
            payload.__name__, description, writer, entity, (*readers, Reader.LANDING), payload
        )
        return payload

    return declare

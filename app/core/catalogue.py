"""The catalogue of events, as one AsyncAPI document: `python -m app.core.catalogue` prints it.

The events themselves are declared in app/core/event_types, one module for each domain that writes them."""

import importlib
import json
import pkgutil
import sys
from functools import lru_cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.core import event_types
from app.core.event_types.kind import DECLARED, EventType

ASYNCAPI = "3.0.0"
VERSION = "1.0.0"
# Where capture puts the rows of app.domain_events, keyed by the event's id.
ADDRESS = "contrail.app.domain_events"
CHANNEL = "domainEvents"
SCHEMAS = "#/components/schemas/{model}"

DESCRIPTION = """
Every change of the business, past tense, as rows of `app.domain_events`: append-only, written in the
transaction that makes them true, and carried into Kafka by capture. A message of the topic is Debezium's
envelope; its `after` is the row described here, with `payload` as JSON text. The order is that of the
commits for one event id only; delivery is at least once, so readers go by `id`.
"""

# The row, as every event has it.
ROW: dict[str, Any] = {
    "type": "object",
    "required": ["id", "type", "entity_type", "entity_id", "payload", "occurred_at", "recorded_at"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "UUIDv7; the identity of the event"},
        "type": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
        "entity_type": {"type": "string"},
        "entity_id": {"type": "string", "format": "uuid"},
        "booking_id": {"type": ["string", "null"], "format": "uuid"},
        "subject_id": {"type": ["string", "null"], "format": "uuid", "description": "A person, in the vault"},
        "actor_id": {"type": ["string", "null"], "format": "uuid"},
        "occurred_at": {"type": "string", "format": "date-time", "description": "By business time"},
        "recorded_at": {"type": "string", "format": "date-time", "description": "By the database's clock"},
        "request_id": {"type": "string"},
        "simulated": {"type": "boolean"},
    },
}


def catalogue() -> dict[str, EventType]:
    """Every event there is, by name."""
    for module in pkgutil.iter_modules(event_types.__path__):
        importlib.import_module(f"{event_types.__name__}.{module.name}")
    return dict(sorted(DECLARED.items()))


@lru_cache
def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    events = catalogue()
    named, defined = models_json_schema(
        [(each.payload, "validation") for each in events.values()], ref_template=SCHEMAS
    )
    references = {model.__name__: reference["$ref"] for (model, _), reference in named.items()}
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Contrail events",
            "version": VERSION,
            "description": " ".join(DESCRIPTION.split()),
        },
        "defaultContentType": "application/json",
        "channels": {
            CHANNEL: {
                "address": ADDRESS,
                "title": "What has happened",
                "messages": {name: _reference("components/messages", name) for name in events},
            }
        },
        "operations": _operations(events),
        "components": {
            "messages": {name: _message(each, references[name]) for name, each in events.items()},
            "schemas": {"DomainEvent": ROW, **defined["$defs"]},
        },
    }


def _message(event: EventType, payload: str) -> dict[str, Any]:
    fixed = {"type": {"const": event.name}, "entity_type": {"const": event.entity}}
    return {
        "name": event.name,
        "title": event.description.partition(".")[0],
        "summary": event.description,
        "tags": [{"name": event.writer}],
        "payload": {
            "allOf": [
                _reference("components/schemas", "DomainEvent"),
                {"type": "object", "properties": fixed | {"payload": {"$ref": payload}}},
            ]
        },
        "x-writer": f"app.{event.writer}",
        "x-readers": [str(reader) for reader in event.readers],
    }


def _operations(events: dict[str, EventType]) -> dict[str, Any]:
    """Who sends what, and who receives it."""
    sent: dict[str, list[str]] = {}
    received: dict[str, list[str]] = {}
    for each in events.values():
        sent.setdefault(f"app.{each.writer}", []).append(each.name)
        for reader in each.readers:
            received.setdefault(reader, []).append(each.name)
    operations = {}
    for action, parties in (("send", sent), ("receive", received)):
        for party, names in sorted(parties.items()):
            operations[f"{action}.{party}"] = {
                "action": action,
                "title": f"{party} {'tells' if action == 'send' else 'reads'}",
                "channel": _reference("channels", CHANNEL),
                "messages": [_reference(f"channels/{CHANNEL}/messages", name) for name in names],
            }
    return operations


def _reference(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    sys.stdout.write("\n")

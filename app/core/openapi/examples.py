"""An example for each body and answer: a schema's own, or put together from those of its fields.

A field's example is written beside the field. Below stand only names that mean the same wherever they occur.
"""

from typing import Any

Schema = dict[str, Any]

# No answer of ours nests deeper; a schema that holds itself would.
MAX_DEPTH = 40
MOMENT = "2027-03-01T13:15:00Z"
DAY = "2027-03-14"
BY_FORMAT = {
    "date": DAY,
    "date-time": MOMENT,
    "time": "08:30:00",
    "duration": "PT6H10M",
    "uuid": "0197f3a2-5b6c-7d8e-9f00-112233445566",
    "email": "ada.lovelace@example.com",
    "uri": "https://example.com/contrail",
}
# The example of a type serves every field of that type, but these would then repeat their neighbour.
UNLIKE_THEIR_TYPE: dict[str, Any] = {
    "family_name": "Lovelace",
    "last_name": "Lovelace",
    "destination": "SFO",
    "new_password": "another long and private sentence",
    "latest": "12:00",
}
BY_NAME: dict[str, Any] = {
    "access_token": "header.claims.signature",
    "refresh_token": "4f1d0a6be2c94c52b5d9c0a1e7f3a8d6",
    "password": "a long and private sentence",
    "email": "ada.lovelace@example.com",
    "phone": "+12125550123",
    "given_name": "Ada",
    "aircraft_type": "A320-232",
    "airline": "B6",
    "flight_number": "123",
    "origin": "JFK",
    "departs_zone": "America/New_York",
    "arrives_zone": "America/Los_Angeles",
    "departs_local": "08:30:00",
    "duration": "PT6H10M",
    "cabin": "economy",
    "fare_class": "Q",
    "fare_basis": "QNR0B6",
    "brand": "Basic",
    "seat": "12A",
    "pnr": "K7RWQ2",
    "currency": "USD",
    # Where one of two may be given, the other is.
    "amount_minor": None,
    "authorised": None,
    "max_total_minor": 80000,
    "basis_points": 500,
    "co2_kg": "212.4",
    "action": "user.roles_changed",
    "actor": "admin",
    "changed_by": "usr_0197f3a25b6c7d8e9f00112233445566",
    "role": "admin",
    "reason": "asked for by the customer on the telephone",
    "description": "First checked bag",
    "detail": "what was wrong, in words",
    "code": "bag_first",
    "type": "/problems/sold_out",
    "title": "There are not as many seats left",
    "pointer": "/passengers/0/given_name",
    "request_id": "req_0197f3a25b6c7d8e9f00112233445566",
    "name": "reporting",
    "barcode": "M1FERRY/ADA           EK7RWQ2 JFKSFOB6 0123 073Y012A0001 100",
    "barcode_png": "/v1/bookings/bkg_0197f3a25b6c7d8e9f00112233445566/boarding-passes/"
    "cpn_0197f3a25b6c7d8e9f00112233445566/barcode.png",
    "barcode_svg": "/v1/bookings/bkg_0197f3a25b6c7d8e9f00112233445566/boarding-passes/"
    "cpn_0197f3a25b6c7d8e9f00112233445566/barcode.svg",
    "href": "/v1/bookings/bkg_0197f3a25b6c7d8e9f00112233445566/documents/receipt",
    "url": "https://example.com/contrail",
    "event_type": "BookingTicketed",
    "event_types": "BookingTicketed",
    "scopes": "bookings:read",
    "key": "key",
    "template": "ticket_issued",
    "channel": "email",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "head_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "ip_hash": "k1:9f86d081884c7d65",
    "kid": "11qYAYKxCrfVS_7T",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "rule": "checked in last, first",
    "flight_status": "scheduled",
    "source": "contrail",
    "variant": "on",
    "what_happens": "The charge succeeds",
    "overbooking_factor": "1.05",
    "min_days_ahead": 0,
    "max_days_ahead": 60,
    "position": 3,
    "after": None,
    "before": None,
    "problem": None,
    "status": "scheduled",
}


class NoExample(LookupError):
    """A field whose meaning nothing tells; it needs an example beside it."""


def example(schema: Schema, components: dict[str, Schema], *, name: str = "", depth: int = 0) -> Any:
    """A value of this schema. `name` is that of the field it is for. Raises NoExample."""
    if depth > MAX_DEPTH:
        return None
    if BY_NAME.get(name, ...) is None and _is_nullable(schema):
        return None
    if name == "arrives_local":
        return _later(example(schema, components, depth=depth))
    if name in UNLIKE_THEIR_TYPE:
        return UNLIKE_THEIR_TYPE[name]
    own = _own(schema)
    if own is not None:
        return own[0]
    if "$ref" in schema:
        return example(components[schema["$ref"].rpartition("/")[2]], components, name=name, depth=depth + 1)
    for choice in ("allOf", "anyOf", "oneOf"):
        if choice in schema:
            chosen = next((one for one in schema[choice] if one.get("type") != "null"), schema[choice][0])
            return example(chosen, components, name=name, depth=depth + 1)
    match schema.get("type"):
        case "object":
            return _object(schema, components, depth)
        case "array":
            one = example(schema.get("items", {}), components, name=name, depth=depth + 1)
            return [one] * schema.get("minItems", 1)
        case "boolean":
            return False
        case "integer" | "number":
            return BY_NAME[name] if name in BY_NAME and _is_number(BY_NAME[name]) else _number(schema)
        case "null" | None:
            return None
    return _text(schema, name)


def _own(schema: Schema) -> list[Any] | None:
    if schema.get("examples"):
        return [schema["examples"][0]]
    if "example" in schema:
        return [schema["example"]]
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return [schema["enum"][0]]
    if schema.get("default") is not None:
        return [schema["default"]]
    return None


def _later(departs_local: str) -> str:
    """By the clock of the place of arrival, be it a time or a day and a time."""
    return departs_local.replace("08:15", "11:35")


def _is_nullable(schema: Schema) -> bool:
    return any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))


def _object(schema: Schema, components: dict[str, Schema], depth: int) -> dict[str, Any]:
    fields = schema.get("properties", {})
    made = {field: example(inner, components, name=field, depth=depth + 1) for field, inner in fields.items()}
    others = schema.get("additionalProperties")
    if not fields and isinstance(others, dict):
        return {"key": example(others, components, name="key", depth=depth + 1)}
    return made


def _number(schema: Schema) -> int:
    return int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _text(schema: Schema, name: str) -> str:
    if name in BY_NAME and isinstance(BY_NAME[name], str):
        return str(BY_NAME[name])
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    raise NoExample(name or str(schema))

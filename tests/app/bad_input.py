"""Requests nobody should send, made from the OpenAPI document: one thing wrong at a time."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from app.core.ids import uuid7
from app.core.wire import MAX_DEPTH

Schema = dict[str, Any]
Operation = dict[str, Any]

JSON = "application/json"
WRITING = ("post", "put", "patch", "delete")
# Longer than any text we keep, and still within the limit of a body.
OVERSIZED = "x" * 20_000
# Neither text, number, list, nor any object of ours.
OF_NO_TYPE = {"of": ["no", "type"]}
NOT_AN_ID = "not-an-id"


@dataclass(frozen=True)
class Bad:
    """One request with one thing wrong, and how it must be refused."""

    what: str
    codes: frozenset[str]
    path: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    media: str = JSON
    without_header: str | None = None
    pointer: str | None = None


def is_read_as_it_is(operation: Operation) -> bool:
    """Whether the body is no JSON of ours: its signature or its columns are looked at instead."""
    content = operation["requestBody"]["content"]
    return JSON not in content or not _refers(content[JSON])


def _refers(content: Schema) -> bool:
    return "$ref" in json.dumps(content["schema"])


def bad_requests(operation: Operation, schemas: dict[str, Schema]) -> Iterator[Bad]:
    yield from _bad_parameters(operation)
    if "requestBody" not in operation:
        return
    yield from _bad_wire()
    if is_read_as_it_is(operation):
        return
    content = operation["requestBody"]["content"][JSON]
    example = content["example"]
    yield Bad("malformed JSON", frozenset({"malformed_json"}), body=b'{"a": ')
    yield _refused("a list for an object", [example], None)
    if operation["requestBody"].get("required"):
        yield Bad("an empty body", frozenset({"malformed_request"}), body=b"")
    for place, changed, what in _spoilt(example, content["schema"], schemas, ""):
        yield _refused(f"{what} at {place}", changed, place)


def _bad_parameters(operation: Operation) -> Iterator[Bad]:
    for parameter in operation.get("parameters", ()):
        name, schema = parameter["name"], parameter["schema"]
        if parameter["in"] == "path":
            is_checked = "pattern" in schema or "$ref" in schema or "enum" in schema
            wanted = frozenset({"malformed_request"}) if is_checked else frozenset[str]()
            yield Bad(f"{name} that is none", wanted, path={name: NOT_AN_ID},
                      pointer=f"/(path)/{name}" if is_checked else None)  # fmt: skip
        if parameter["in"] == "header" and parameter.get("required"):
            missing = {"idempotency-key": "idempotency_key_missing", "if-match": "precondition_required"}
            yield Bad(f"no {name}", frozenset({missing[name]}), without_header=name)


def _bad_wire() -> Iterator[Bad]:
    yield Bad("another media type", frozenset({"unsupported_media_type"}), body=b"<a/>", media="text/xml")
    deep = b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}"
    yield Bad("a body that nests too deeply", frozenset({"body_too_deep"}), body=deep)
    yield Bad("text with NUL", frozenset({"text_unstorable"}), body=b'{"a": "\\u0000"}', pointer="/a")


def _refused(what: str, body: Any, pointer: str | None) -> Bad:
    codes = frozenset({"malformed_request"})
    return Bad(what, codes, body=json.dumps(body).encode(), pointer=pointer)


def _spoilt(
    example: Any, schema: Schema, schemas: dict[str, Schema], place: str
) -> Iterator[tuple[str, Any, str]]:
    """(pointer, the example with one thing wrong, what is wrong), for each field however deep."""
    schema = _plain(schema, schemas)
    if isinstance(example, list):
        for where, inner, what in (
            _spoilt(example[0], schema["items"], schemas, f"{place}/0") if example else ()
        ):
            yield where, [inner, *example[1:]], what
        return
    if not isinstance(example, dict) or "properties" not in schema:
        return
    yield f"{place}/field_nobody_knows", example | {"field_nobody_knows": 1}, "a field nobody knows"
    for name, inner in schema["properties"].items():
        where = f"{place}/{name}"
        for value, what in _wrong_values(inner, schemas):
            yield where, example | {name: value}, what
        if name in schema.get("required", ()):
            yield where, {key: value for key, value in example.items() if key != name}, "a missing field"
        if name in example:
            for deeper, changed, what in _spoilt(deepcopy(example[name]), inner, schemas, where):
                yield deeper, example | {name: changed}, what


def _wrong_values(schema: Schema, schemas: dict[str, Schema]) -> Iterator[tuple[Any, str]]:
    choices = [_plain(choice, schemas) for choice in _choices(schema, schemas)]
    types = {choice.get("type") for choice in choices}
    if None in types:
        return  # takes any JSON; what is right for it is no matter of its form
    yield ("text" if "object" in types else OF_NO_TYPE), "a value of another type"
    if "null" not in types:
        yield None, "null"
    if "string" in types:
        yield OVERSIZED, "an oversized text"


def _choices(schema: Schema, schemas: dict[str, Schema]) -> list[Schema]:
    plain = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return list(plain.get("anyOf") or plain.get("oneOf") or [plain])


def _plain(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """The schema itself, without the reference and without the choice of null."""
    chosen = [choice for choice in _choices(schema, schemas) if choice.get("type") != "null"] or [schema]
    plain = chosen[0]
    return schemas[plain["$ref"].rpartition("/")[2]] if "$ref" in plain else plain


def fill(path: str, operation: Operation, given: dict[str, str]) -> str:
    """The address: each parameter as given, as its schema's example, or as an id that leads nowhere."""
    examples = {
        parameter["name"]: _path_example(parameter["schema"])
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    }
    return re.sub(r"{(\w+)}", lambda found: str((examples | given)[found[1]]), path)


def _path_example(schema: Schema) -> str:
    prefix = re.match(r"\^(\w+)_\[0-9a-f\]", schema.get("pattern", ""))
    if prefix:
        return f"{prefix[1]}_{uuid7().hex}"
    return str((schema.get("examples") or schema.get("enum") or ["nothing"])[0])

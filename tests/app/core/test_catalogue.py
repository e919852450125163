"""The catalogue of events is what the code writes, neither more nor less."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.core.catalogue import catalogue, document
from app.core.event_types.kind import Reader
from pipelines.fraud.observations import WATCHED
from pipelines.notifications.requests import NOTIFIED
from tests.databases import TestDatabase

APP = Path(__file__).parents[3] / "app"
EVENT_NAME = re.compile(r"^[A-Z][a-z]+(?:[A-Z][a-z]+)+$")


def told_by(tree: ast.AST) -> Iterator[str]:
    """Names of events that are handed to a function called record, or one named after it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if "record" not in name and "tell" not in name:
            continue
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            for part in ast.walk(argument):
                if isinstance(part, ast.Constant) and EVENT_NAME.match(str(part.value)):
                    yield str(part.value)


def told_by_the_code() -> dict[str, set[str]]:
    """Event -> the domains whose code tells it."""
    told: dict[str, set[str]] = {}
    for path in APP.rglob("*.py"):
        domain = path.relative_to(APP).parts[0]
        if domain == "core":
            continue
        for name in told_by(ast.parse(path.read_text())):
            told.setdefault(name, set()).add(domain)
    return told


def test_every_event_of_the_code_is_in_the_catalogue_and_the_other_way_round() -> None:
    assert sorted(told_by_the_code()) == sorted(catalogue())


def test_every_event_is_told_by_the_domain_that_declares_it() -> None:
    told = told_by_the_code()

    assert {name: {each.writer} for name, each in catalogue().items()} == told


def test_an_unlisted_event_would_be_found() -> None:
    tree = ast.parse('await _record(session, "SeatLost" if lost else "SeatFound", row)')

    assert set(told_by(tree)) - set(catalogue()) == {"SeatLost", "SeatFound"}


def test_readers_are_the_flows_that_read() -> None:
    def read_by(reader: Reader) -> set[str]:
        return {name for name, each in catalogue().items() if reader in each.readers}

    assert read_by(Reader.FRAUD) == WATCHED
    assert read_by(Reader.NOTIFICATIONS) == NOTIFIED
    assert read_by(Reader.LANDING) == set(catalogue())


def test_every_event_says_what_has_happened() -> None:
    for each in catalogue().values():
        assert each.description.endswith("."), each.name
        assert len(each.description) > 15, each.name


def references_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references_of(member)
    elif isinstance(value, list):
        for member in value:
            yield from references_of(member)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = document()

    for reference in references_of(whole):
        place: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def test_payload_schemas_are_schemas() -> None:
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_document_is_printed_as_it_is_served() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "app.core.catalogue"], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert json.loads(printed) == document()


def test_payload_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        catalogue()["AuditSealed"].payload.model_validate({"position": 1, "digest": "x", "email": "a@b.c"})


@pytest.mark.anyio
@pytest.mark.postgres
async def test_every_event_ever_written_here_keeps_to_its_schema(
    application: FastAPI, core_database: TestDatabase
) -> None:
    """Whatever the tests before this one have made the program write; nothing, when it runs alone."""
    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select distinct on (type, md5(payload::text)) type, entity_type, payload from app.domain_events "
            "where type <> 'Tried'"
        ).fetchall()
    wrong = []
    for name, entity, payload in rows:
        known = catalogue().get(name)
        if known is None or known.entity != entity:
            wrong.append((name, entity, "not in the catalogue"))
            continue
        try:
            known.payload.model_validate_json(json.dumps(payload))
        except ValidationError as error:
            wrong.append((name, entity, str(error)))

    assert wrong == []

"""The OpenAPI document: nothing left to guess about any operation."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from app.core.http import PROBLEM_TYPE
from app.core.problem_pages import known_problems
from app.main import app

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

JSON = "application/json"
# Bytes that no text can show.
WITHOUT_EXAMPLE = re.compile(r"image/|application/pdf")

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """(media type, content) of the body and of each answer that is no refusal."""
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    for holder in (operation.get("requestBody", {}), *answers):
        yield from holder.get("content", {}).items()


def refusals(operation: Operation) -> dict[str, list[str]]:
    """Status -> codes."""
    return {
        status: list(answer["content"][PROBLEM_TYPE]["examples"])
        for status, answer in operation["responses"].items()
        if status[0] in "45"
    }


def unnamed(document: dict[str, Any]) -> list[str]:
    known_tags = {tag["name"] for tag in document["tags"]}
    return [
        where
        for where, operation in operations(document)
        if not operation.get("summary")
        or not operation.get("operationId")
        or not operation.get("tags")
        or not set(operation["tags"]) <= known_tags
    ]


def without_example(document: dict[str, Any]) -> list[str]:
    return [
        f"{where} {media}"
        for where, operation in operations(document)
        for media, content in contents(operation)
        if not WITHOUT_EXAMPLE.match(media)
        and "example" not in content
        and "examples" not in content.get("schema", {})
    ]


def without_refusals(document: dict[str, Any]) -> list[str]:
    return [where for where, operation in operations(document) if "500" not in refusals(operation)]


async def test_document_is_served_whole(client: httpx2.AsyncClient, document: dict[str, Any]) -> None:
    answer = await client.get("/openapi.json")
    head = await client.head("/openapi.json")

    assert answer.headers["content-type"] == JSON
    assert answer.json() == document
    assert (head.status_code, head.content) == (200, b"")


def test_every_operation_has_a_name_a_summary_and_a_known_tag(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]

    assert document["info"]["title"] == "Contrail"
    assert len(names) == len(set(names))
    assert unnamed(document) == []


def test_every_body_and_answer_has_an_example(document: dict[str, Any]) -> None:
    assert without_example(document) == []


def test_every_operation_tells_its_refusals_by_status_and_code(document: dict[str, Any]) -> None:
    problems = known_problems()

    assert without_refusals(document) == []
    for where, operation in operations(document):
        assert not {"4XX", "5XX", "default"} & set(operation["responses"]), where
        for status, codes in refusals(operation).items():
            assert {str(problems[code].status) for code in codes} == {status}, where
            assert operation["responses"][status]["content"].keys() == {PROBLEM_TYPE}, where


def test_gap_in_a_document_would_be_found() -> None:
    bare = FastAPI(generate_unique_id_function=lambda route: route.name)
    bare.add_api_route("/v1/forgotten", lambda body: None, methods=["POST"])
    document = bare.openapi() | {"tags": []}

    assert unnamed(document) == ["POST /v1/forgotten"]
    assert without_example(document) == ["POST /v1/forgotten application/json"]
    assert without_refusals({"paths": {"/v1/forgotten": {"post": {"responses": {}}}}}) != []


def test_every_example_is_what_its_schema_asks_for(document: dict[str, Any]) -> None:
    schemas = {"$defs": as_definitions(document["components"]["schemas"])}

    for where, operation in operations(document):
        for media, content in contents(operation):
            if media == JSON and "example" in content:
                validator = Draft202012Validator(as_definitions(content["schema"]) | schemas)
                wrong = [error.message for error in validator.iter_errors(content["example"])]
                assert wrong == [], where


def as_definitions(schema: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(schema).replace("#/components/schemas/", "#/$defs/"))
    return made


def test_headers_a_route_insists_on_are_required(document: dict[str, Any]) -> None:
    told = dict(operations(document))

    for where, codes, header in (
        ("POST /v1/bookings", "idempotency_key_missing", "idempotency-key"),
        ("PATCH /v1/me", "precondition_required", "if-match"),
    ):
        (parameter,) = (each for each in told[where]["parameters"] if each["name"] == header)
        assert parameter["required"] is True
        assert codes in json.dumps(refusals(told[where]))


def test_refusal_deep_below_a_route_is_told(document: dict[str, Any]) -> None:
    told = refusals(dict(operations(document))["POST /v1/bookings"])

    assert {"sold_out", "too_many_holds", "flight_closed"} <= set(told["409"])
    assert {"offer_not_found"} <= set(told["404"])
    assert {"passengers_differ", "malformed_request", "card_number_refused"} <= set(told["422"])

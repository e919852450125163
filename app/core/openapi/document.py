"""The OpenAPI document: what FastAPI makes of the routes, completed by what their code and schemas tell."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from app.core.card_numbers import refuse_card_numbers
from app.core.errors import BadRequest, DomainError, Unavailable
from app.core.http import FRAMEWORK_PROBLEMS, PROBLEM_TYPE
from app.core.openapi.examples import BY_NAME, example
from app.core.openapi.refusals import raised_by_all
from app.core.problem_pages import known_problems
from app.core.security import current_caller, optional_caller
from app.core.wire import refuse_depth, refuse_other_media, refuse_unstorable_text, whole_body

JSON = "application/json"
# What reads every body before a route does.
READERS_OF_BODIES = (
    whole_body,
    refuse_other_media,
    refuse_depth,
    refuse_unstorable_text,
    refuse_card_numbers,
)
# What any route may answer with, whatever it does.
EVERYWHERE: frozenset[type[DomainError]] = frozenset({BadRequest, Unavailable})
# The dependencies behind these headers refuse a request that comes without.
NEEDED_HEADERS = frozenset({"idempotency-key", "if-match"})
TEXT_EXAMPLES = {
    "text/html": "<!doctype html><title>Problems</title>",
    "text/csv": "section,name,value\ncounts,log_ins,1024\n",
    "text/calendar": "BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n",
    "text/event-stream": "id: 1\nevent: availability\ndata: {}\n\n",
}

router = APIRouter(include_in_schema=False)

Operation = dict[str, Any]


@router.api_route("/openapi.json", methods=["GET", "HEAD"], summary="Read this document")
async def openapi(request: Request) -> Response:
    # Made once a process, from all of its code: seconds of work, which other requests must not wait for.
    written = await to_thread.run_sync(_written, request.app)
    return Response(written, media_type=JSON)


def _written(app: FastAPI) -> bytes:
    if app.openapi_schema is None:
        app.openapi_schema = make(app)
    return json.dumps(app.openapi_schema).encode()


def install(app: FastAPI) -> None:
    """Let the program serve this document instead of FastAPI's own."""
    app.include_router(router)
    app.openapi = lambda: json.loads(_written(app))  # type: ignore[method-assign]


def make(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = document["components"]
    told: set[str] = set()
    for path, method, functions in _routes(app):
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            _need_headers(operation)
            _say_who_may_call(operation, functions)
            _add_examples(operation, components["schemas"])
            told |= _add_refusals(operation, functions)
    components["examples"] = {code: _example_of(code) for code in sorted(told)}
    return document


def _routes(app: FastAPI) -> Iterator[tuple[str, str, list[Callable[..., Any]]]]:
    """(path, method, the functions a request runs through) of every route."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        for method in context.methods or () if dependant is not None else ():
            yield context.path_format or "", method.lower(), list(_called(dependant))


def _called(dependant: Any) -> Iterator[Callable[..., Any]]:
    yield dependant.call
    for dependency in dependant.dependencies:
        yield from _called(dependency)


def _need_headers(operation: Operation) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter["name"].lower() in NEEDED_HEADERS:
            text = next(kind for kind in parameter["schema"]["anyOf"] if kind["type"] == "string")
            parameter["required"] = True
            parameter["schema"] = text | {"minLength": 1}


def _say_who_may_call(operation: Operation, functions: list[Callable[..., Any]]) -> None:
    """FastAPI knows no caller who may or may not name himself: an empty requirement is one of the choices."""
    if optional_caller in functions and current_caller not in functions:
        operation["security"].append({})


def _add_examples(operation: Operation, schemas: dict[str, Any]) -> None:
    answers = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
    for holder in (operation.get("requestBody", {}), *answers):
        for media, content in holder.get("content", {}).items():
            if "example" in content or "examples" in content:
                continue
            if media == JSON or "examples" in content.get("schema", ()):
                content["example"] = example(content["schema"], schemas)
            elif media in TEXT_EXAMPLES:
                content["example"] = TEXT_EXAMPLES[media]


def _add_refusals(operation: Operation, functions: list[Callable[..., Any]]) -> set[str]:
    """List each code under its status. Returns the codes."""
    codes = set(_codes(operation, functions))
    problems = known_problems()
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in sorted(codes):
        by_status[problems[code].status].append(code)
    answers = operation["responses"]
    for wildcard in ("4XX", "5XX"):
        answers.pop(wildcard, None)
    for status, here in sorted(by_status.items()):
        answers[str(status)] = {
            "description": "; ".join(problems[code].title for code in here),
            "content": {
                PROBLEM_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in here},
                }
            },
        }
    return codes


def _codes(operation: Operation, functions: list[Callable[..., Any]]) -> Iterator[str]:
    has_body = "requestBody" in operation
    readers = READERS_OF_BODIES if has_body else ()
    for error in raised_by_all([*functions, *readers]) | EVERYWHERE:
        yield error.code
    for status, (code, _) in FRAMEWORK_PROBLEMS.items():
        is_told = {
            400: has_body,
            422: has_body or bool(operation.get("parameters")),
            500: True,
        }
        if is_told.get(status, False):
            yield code


def _example_of(code: str) -> dict[str, Any]:
    known = known_problems()[code]
    value = {
        "type": f"/problems/{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "request_id": BY_NAME["request_id"],
    }
    if code == FRAMEWORK_PROBLEMS[422][0]:
        value["errors"] = [{"pointer": BY_NAME["pointer"], "detail": "Field required"}]
    return {"summary": known.title, "value": value} | (
        {"description": known.meaning} if known.meaning else {}
    )

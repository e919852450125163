"""The OpenAPI document: what FastAPI makes of the routes, completed by what their code tells."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.core.http import PROBLEM_TYPE


def install(app: FastAPI) -> None:
    """Let the program serve this document instead of FastAPI's own."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = make(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def make(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if PROBLEM_TYPE in content:
                    # FastAPI puts the schema under the media type of the route's own answer.
                    (schema,) = (v for media, v in content.items() if media != PROBLEM_TYPE)
                    answer["content"] = {PROBLEM_TYPE: schema}
    return document

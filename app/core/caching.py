"""Answers that a cache between us and the caller may keep: the same to everybody, for as long as is said."""

from hashlib import blake2b
from typing import Annotated, Any

from fastapi import Header, Response
from pydantic import BaseModel

from app.core.context import current

IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags of what is had already; 304 if one of them is right"),
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What is had already is still right"}}


def public(
    body: BaseModel,
    if_none_match: str | None,
    seconds: int,
    headers: dict[str, str] | None = None,
    told_at: str | None = None,
) -> Response:
    """The body with an ETag and how long it may be kept, or 304 where the caller has it.

    `told_at` names the field that only says when the answer was made: without it the tag is a weak one.
    Under the test clock nothing is to be kept: the next caller lives at another time."""
    content = body.model_dump_json().encode()
    told = dict(headers or {})
    if current().virtual_now is not None:
        return Response(content, 200, told, "application/json")
    tag = _tag(content)
    if told_at is not None:
        tag = f"W/{_tag(body.model_dump_json(exclude={told_at}).encode())}"
    told |= {"etag": tag, "cache-control": f"public, max-age={seconds}"}
    if if_none_match is not None and _names(if_none_match, tag):
        return Response(None, 304, told)
    return Response(content, 200, told, "application/json")


def _tag(content: bytes) -> str:
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'


def _names(if_none_match: str, tag: str) -> bool:
    """By the weak comparison, as it is asked for here."""
    named = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in named or tag.removeprefix("W/") in named

"""Cursor pages: a list is read in steps whose places are opaque to the caller."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

from fastapi import Query

from app.core.errors import Unprocessable
from app.core.http import Schema

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 200

PageLimit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many to give at most")]
Cursor = Annotated[
    str | None, Query(max_length=MAX_CURSOR_LENGTH, description="Where the page before this one ended")
]

Item = TypeVar("Item")


class PageMeta(Schema):
    """`after` asks for the next page; null at the end of the list."""

    limit: int
    after: str | None


class Page(Schema, Generic[Item]):
    data: list[Item]
    meta: PageMeta


class CursorInvalid(Unprocessable):
    code = "cursor_invalid"
    title = "The cursor is not one this list has given"


def encode_cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The place a cursor stands for. Raises CursorInvalid."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise CursorInvalid("take `after` from the page before", pointer="/(query)/after") from None


def page_of(rows: list[Item], limit: int, places: list[str]) -> Page[Item]:
    """A page out of up to limit + 1 rows, each with its place: the extra one only tells that more follow."""
    more = len(rows) > limit
    after = encode_cursor(places[limit - 1]) if more else None
    return Page[Item](data=rows[:limit], meta=PageMeta(limit=limit, after=after))

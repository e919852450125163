"""Cursor pages: a list is read in steps, forwards or backwards, whose places are opaque to the caller."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.core.errors import Unprocessable
from app.core.http import Schema

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 200

Item = TypeVar("Item")


class CursorInvalid(Unprocessable):
    code = "cursor_invalid"
    title = "The cursor is not one this list has given"


@dataclass(frozen=True)
class Window:
    """What part of a list is asked for: at most `limit` rows from beyond `place`, in its order or against it.

    A store reads `limit + 1` rows in the direction asked; `page_of` puts them back into the list's order."""

    limit: int = DEFAULT_LIMIT
    place: str | None = None
    is_backwards: bool = False


class PageMeta(Schema):
    """`after` asks for the next page and `before` for the one before it; null at the end of the list."""

    limit: int
    after: str | None
    before: str | None


class Page(Schema, Generic[Item]):
    data: list[Item]
    meta: PageMeta


class Paging:
    """The window a request asks for, and the Link header its answer gets."""

    def __init__(self, window: Window, request: Request, response: Response) -> None:
        self.window = window
        self._request = request
        self._response = response

    def answer(self, page: Page[Item]) -> Page[Item]:
        """The page itself, with RFC 8288 links to its neighbours on the response."""
        self._response.headers.update(self.links(page))
        return page

    def links(self, page: Page[Item]) -> dict[str, str]:
        """Those links as a header, for an answer that is made by hand."""
        links = [("next", "after", page.meta.after), ("prev", "before", page.meta.before)]
        header = ", ".join(self._link(*link) for link in links if link[2] is not None)
        return {"link": header} if header else {}

    def _link(self, relation: str, name: str, cursor: str | None) -> str:
        asked = [(key, value) for key, value in self._request.query_params.multi_items()]
        kept = [(key, value) for key, value in asked if key not in ("after", "before")]
        return f'<{self._request.url.path}?{urlencode([*kept, (name, cursor)])}>; rel="{relation}"'


def _paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many to give at most")] = DEFAULT_LIMIT,
    after: Annotated[
        str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`after` of the page before this one")
    ] = None,
    before: Annotated[
        str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`before` of the page after this one")
    ] = None,
) -> Paging:
    if after is not None and before is not None:
        raise CursorInvalid("ask for what lies after a place or before one", pointer="/(query)/before")
    cursor = after if before is None else before
    name = "after" if before is None else "before"
    place = None if cursor is None else decode_cursor(cursor, name)
    return Paging(Window(limit, place, is_backwards=before is not None), request, response)


# A route takes `paging: PageRequest`, hands `paging.window` to its service and returns `paging.answer(page)`.
PageRequest = Annotated[Paging, Depends(_paging)]


def encode_cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, name: str = "after") -> str:
    """The place a cursor stands for. Raises CursorInvalid."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise unknown_place(name) from None


def unknown_place(name: str = "after") -> CursorInvalid:
    """What a list says to a place that is none of its own."""
    return CursorInvalid(f"take `{name}` from a page this list gave", pointer=f"/(query)/{name}")


def page_of(rows: Sequence[Item], window: Window, places: Sequence[str]) -> Page[Item]:
    """A page out of up to limit + 1 rows, each with its place, in the direction the window was read.

    The row too many only tells that more follow; in the other direction there are more whenever the window
    began at a place, since a place is a row that was shown."""
    more = len(rows) > window.limit
    shown, at = list(rows[: window.limit]), list(places[: window.limit])
    if window.is_backwards:
        shown.reverse()
        at.reverse()
    came_from = window.place is not None
    has_next, has_previous = (came_from, more) if window.is_backwards else (more, came_from)
    return Page[Item](
        data=shown,
        meta=PageMeta(
            limit=window.limit,
            after=encode_cursor(at[-1]) if at and has_next else None,
            before=encode_cursor(at[0]) if at and has_previous else None,
        ),
    )

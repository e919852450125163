"""Cursor pages, walked forwards and back."""

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.core import http
from app.core.pages import (
    CursorInvalid,
    Page,
    PageRequest,
    Window,
    decode_cursor,
    encode_cursor,
    page_of,
)


def read(rows: list[int], window: Window) -> Page[int]:
    """What a list over `rows` would answer: read in the window's direction, one row too many."""
    place = None if window.place is None else int(window.place)
    if window.is_backwards:
        found = [row for row in reversed(rows) if place is None or row < place]
    else:
        found = [row for row in rows if place is None or row > place]
    found = found[: window.limit + 1]
    return page_of(found, window, [str(row) for row in found])


def walk(rows: list[int], limit: int) -> list[Page[int]]:
    pages = [read(rows, Window(limit))]
    while pages[-1].meta.after is not None:
        pages.append(read(rows, Window(limit, decode_cursor(pages[-1].meta.after))))
    return pages


@given(st.sets(st.integers(0, 200)), st.integers(1, 7))
def test_walking_forwards_gives_every_row_once(rows: set[int], limit: int) -> None:
    pages = walk(sorted(rows), limit)

    assert [row for page in pages for row in page.data] == sorted(rows)
    assert pages[0].meta.before is None


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(1, 7))
def test_walking_back_gives_the_pages_that_were_read(rows: set[int], limit: int) -> None:
    pages = walk(sorted(rows), limit)

    for earlier, later in zip(reversed(pages[:-1]), reversed(pages[1:]), strict=True):
        assert later.meta.before is not None
        back = read(sorted(rows), Window(limit, decode_cursor(later.meta.before), is_backwards=True))
        assert back.data == earlier.data
        assert back.meta.after is not None


@given(st.text(max_size=60))
def test_cursor_reads_back(place: str) -> None:
    assert decode_cursor(encode_cursor(place)) == place


@pytest.mark.parametrize("cursor", ["!!!!", "_w", "a"])
def test_cursor_we_never_gave_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(cursor)


@pytest.fixture
def numbers() -> FastAPI:
    app = FastAPI()
    http.install(app)

    @app.get("/numbers")
    async def list_numbers(paging: PageRequest, colour: str = "red") -> Page[int]:
        return paging.answer(read(list(range(10)), paging.window))

    return app


async def get(app: FastAPI, address: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        return await client.get(address)


@pytest.mark.anyio
async def test_link_header_leads_through_the_list_with_the_same_question(numbers: FastAPI) -> None:
    first = await get(numbers, "/numbers?limit=4&colour=blue")
    second = await get(numbers, first.links["next"]["url"])

    assert "prev" not in first.links
    assert second.json()["data"] == [4, 5, 6, 7]
    assert "colour=blue" in second.links["next"]["url"]
    back = await get(numbers, second.links["prev"]["url"])
    assert back.json()["data"] == first.json()["data"]
    last = await get(numbers, second.links["next"]["url"])
    assert last.json()["data"] == [8, 9]
    assert "next" not in last.links


@pytest.mark.anyio
async def test_both_directions_at_once_are_refused(numbers: FastAPI) -> None:
    cursor = encode_cursor("3")

    answer = await get(numbers, f"/numbers?after={cursor}&before={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")

"""GET /v1/events: thirty days, in order, and nothing that could still be overtaken."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from app.bookings.feed import service as feed
from app.core.ids import encode

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

Happen = Callable[..., UUID]


async def test_events_are_replayed_in_order_without_what_is_nobodys_business(
    client: httpx2.AsyncClient,
    happen: Happen,
    user: UUID,
    make_user: Callable[[], UUID],
    as_user: dict[str, str],
) -> None:
    happen(user, "BookingCreated", ago=timedelta(days=31))
    old = happen(user, "BookingCreated", ago=timedelta(days=29))
    recent = happen(user, "BookingConfirmed", ago=timedelta(minutes=2))
    happen(make_user(), "BookingCreated")

    first = await client.get("/v1/events?limit=1", headers=as_user)
    second = await client.get(first.links["next"]["url"], headers=as_user)
    only = await client.get("/v1/events?type=BookingConfirmed", headers=as_user)

    assert [event["id"] for event in first.json()["data"]] == [encode("evt", old)]
    assert [event["id"] for event in second.json()["data"]] == [encode("evt", recent)]
    assert second.json()["meta"]["after"] is None
    assert [event["type"] for event in only.json()["data"]] == ["BookingConfirmed"]
    details = first.json()["data"][0]["details"]
    assert set(details) == {"payment_id", "total_minor"}
    assert details["payment_id"].startswith("pay_")


async def test_nothing_appears_behind_a_place_that_was_passed(
    client: httpx2.AsyncClient, happen: Happen, user: UUID, as_user: dict[str, str]
) -> None:
    """An event gets its id before its transaction commits, so a younger one may be seen first. What can
    still be overtaken is left out: who goes on from a place would otherwise miss the elder."""
    settled = happen(user, "BookingConfirmed", ago=feed.SETTLED + timedelta(seconds=30))
    happen(user, "BookingTicketed", ago=timedelta(seconds=0))

    seen = (await client.get("/v1/events", headers=as_user)).json()["data"]

    assert [event["id"] for event in seen] == [encode("evt", settled)]


@pytest.mark.parametrize("query", ["type=booking-confirmed", "type=", "limit=0", "after=nowhere"])
async def test_malformed_question_is_pointed_at(
    client: httpx2.AsyncClient, as_user: dict[str, str], query: str
) -> None:
    answer = await client.get(f"/v1/events?{query}", headers=as_user)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/(query)/")

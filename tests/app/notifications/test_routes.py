"""What a customer may read of the mail about his bookings."""

from uuid import UUID

import httpx2
import psycopg
import pytest

from app.core.ids import decode, encode, uuid7
from app.core.security import Role, mint_access_token
from tests.app.departures import make_booking
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def customer(client: httpx2.AsyncClient) -> UUID:
    person = {
        "email": f"{uuid7().hex}@example.com",
        "password": "a long and private sentence",
        "given_name": "Ada",
        "family_name": "Ferry",
    }
    answer = await client.post("/v1/users", json=person)
    return decode("usr", answer.json()["id"])


def written_about(database: TestDatabase, user_id: UUID, messages: int) -> list[str]:
    """Deliveries about one booking of this user, the newest first; returns their public ids."""
    with psycopg.connect(database.conninfo("contrail_owner"), autocommit=True) as owner:
        booking_id = make_booking(owner)
        owner.execute("update app.bookings set user_id = %s where id = %s", [user_id, booking_id])
        ids = [uuid7() for _ in range(messages)]
        for age, request_id in enumerate(ids):
            owner.execute(
                "insert into app.notification_deliveries (request_id, event_id, booking_id, subject_id, "
                "channel, template, status, attempts, message_id, sent_at, created_at) values "
                "(%s, %s, %s, %s, 'email', 'hold_expired', 'sent', 1, 'm', now(), "
                "now() - %s * interval '1 s')",
                [request_id, uuid7(), booking_id, uuid7(), age],
            )
    return [encode("ntf", request_id) for request_id in ids]


async def test_own_notifications_are_listed_page_by_page_and_no_others(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    me, other = await customer(client), await customer(client)
    mine = written_about(core_database, me, 3)
    written_about(core_database, other, 2)
    headers = {"authorization": f"Bearer {mint_access_token(me, uuid7(), [Role.CUSTOMER])}"}

    first = await client.get("/v1/me/notifications", params={"limit": 2}, headers=headers)
    after = first.json()["meta"]["after"]
    second = await client.get("/v1/me/notifications", params={"limit": 2, "after": after}, headers=headers)

    assert first.status_code == 200, first.text
    assert [entry["id"] for entry in first.json()["data"]] == mine[:2]
    assert [entry["id"] for entry in second.json()["data"]] == mine[2:]
    assert second.json()["meta"]["after"] is None
    assert first.json()["data"][0]["status"] == "sent"
    assert "subject_id" not in first.text


async def test_cursor_of_another_list_is_refused(client: httpx2.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER])}"}

    answer = await client.get("/v1/me/notifications", params={"after": "SkZL"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")

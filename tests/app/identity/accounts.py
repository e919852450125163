"""People with accounts, for the tests of identity: who they are, their tokens, and letters they get."""

from typing import Any
from uuid import UUID

import httpx2
import psycopg

from app.core.db import transaction
from app.core.ids import decode, uuid7
from app.identity.recovery import service as recovery
from app.identity.recovery.schemas import Purpose
from tests.databases import TestDatabase

PASSWORD = "a long and private sentence"


def new_person() -> dict[str, Any]:
    return {
        "email": f"ada.{uuid7().hex}@example.com",
        "password": PASSWORD,
        "given_name": "Ada",
        "family_name": "Ferry",
    }


async def registered(client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    person = new_person() | changes
    answer = await client.post("/v1/users", json=person)
    assert answer.status_code == 201, answer.text
    return person | {"id": answer.json()["id"]}


async def logged_in(client: httpx2.AsyncClient, person: dict[str, Any], **more: str) -> dict[str, Any]:
    answer = await try_log_in(client, person, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def try_log_in(client: httpx2.AsyncClient, person: dict[str, Any], **more: str) -> httpx2.Response:
    credentials = {"email": person["email"], "password": person["password"]}
    return await client.post("/v1/auth/token", json=credentials | more)


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['access_token']}"}


def user_key(person: dict[str, Any]) -> UUID:
    return decode("usr", person["id"])


def grant(database: TestDatabase, person: dict[str, Any], role: str) -> None:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "insert into app.user_roles (user_id, role) values (%s, %s)", [user_key(person), role]
        )


def events_of(database: TestDatabase, person: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    with psycopg.connect(database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select type, payload from app.domain_events where entity_id = %s order by id",
            [user_key(person)],
        ).fetchall()
    return [(row[0], row[1]) for row in rows]


async def letter_token(database: TestDatabase, person: dict[str, Any], event_type: str) -> str | None:
    """What the newest letter asked for by such an event carries, made as the deliverer makes it."""
    payload = [payload for kind, payload in events_of(database, person) if kind == event_type][-1]
    purpose = {
        "PasswordResetRequested": Purpose.PASSWORD_RESET,
        "EmailVerificationRequested": Purpose.EMAIL_VERIFICATION,
        "EmailChangeRequested": Purpose.EMAIL_CHANGE,
    }[event_type]
    async with transaction() as session:
        return await recovery.open_token(session, purpose, UUID(payload["mail_token_id"]))

"""Forgetting a person: nothing of them can be read any more, and what they did stays, of nobody."""

from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from app.bookings.persons import service as persons
from app.core.ids import decode, encode, uuid7
from app.core.security import Role, mint_access_token
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    booking_request,
    departing,
    key_of,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.identity.accounts import (
    PASSWORD,
    bearer,
    events_of,
    grant,
    logged_in,
    new_person,
    registered,
    try_log_in,
    user_key,
)
from tests.databases import TestDatabase
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FAMILY = "Unmistakable"


@pytest.fixture
async def person(client: httpx2.AsyncClient, gateway: GatewayProcess) -> dict[str, Any]:
    return await registered(client, family_name=FAMILY, phone="+12125550123", marketing_consent=True)


async def booked(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any], *, is_paid: bool
) -> dict[str, Any]:
    """A booking made with the person's own access token."""
    tokens = await logged_in(client, person)
    traveller = Traveller(client, user_key(person), extra=bearer(tokens))
    offer = await traveller.offer(departing(owner))
    body = booking_request(offer)
    body["passengers"][0]["family_name"] = FAMILY
    answer = await traveller.post("/v1/bookings", body)
    assert answer.status_code == 201, answer.text
    booking = dict(answer.json())
    if is_paid:
        await traveller.pay(booking)
    return booking


async def erase(client: httpx2.AsyncClient, person: dict[str, Any], query: str = "") -> httpx2.Response:
    return await client.delete(f"/v1/me{query}", headers=bearer(await logged_in(client, person)))


async def test_erased_person_is_gone_and_the_address_is_free(
    client: httpx2.AsyncClient, person: dict[str, Any]
) -> None:
    elsewhere = await logged_in(client, person)

    erased = await erase(client, person)

    assert erased.status_code == 204
    assert (await try_log_in(client, person)).json()["code"] == "credentials_wrong"
    refreshed = await client.post("/v1/auth/refresh", json={"refresh_token": elsewhere["refresh_token"]})
    assert refreshed.status_code == 401
    me = await client.get("/v1/me", headers=bearer(elsewhere))
    assert (me.status_code, me.json()["code"]) == (404, "user_not_found")
    again = await client.post("/v1/users", json=new_person() | {"email": person["email"]})
    assert again.status_code == 201


async def test_bookings_stay_without_names_and_their_money_adds_up(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any]
) -> None:
    booking = await booked(client, owner, person, is_paid=True)

    assert (await erase(client, person, "?even_with_trips_ahead=true")).status_code == 204

    row = owner.execute(
        "select status, email_hash, phone_hash, device_hash, ip_hash, ip24_hash, prior_hashes, "
        "surname_hashes, ip_country from app.bookings where id = %s",
        (key_of(booking),),
    ).fetchone()
    assert row == ("ticketed", None, None, None, None, None, None, [], None)
    paid = owner.execute(
        "select card_hash, card_last4, email_hash, ip_hash, status from app.payments where booking_id = %s",
        (key_of(booking),),
    ).fetchone()
    assert paid == (None, None, None, None, "captured")
    assert_money_is_conserved(owner, booking)
    seen = (await client.get(f"/v1/bookings/{booking['id']}", headers=agent())).json()
    assert [(each["given_name"], each["family_name"]) for each in seen["passengers"]] == [(None, None)]


def agent() -> dict[str, str]:
    return {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.AGENT])}"}


async def test_no_byte_of_the_person_is_left_in_any_table(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any], core_database: TestDatabase
) -> None:
    """Every table of app and vault, searched for the person's words, seals and keys."""
    booking = await booked(client, owner, person, is_paid=True)
    before = subjects_of(owner, person, booking)
    sealed = [bytes(row) for row in seals(owner, before)]
    assert len(sealed) == len(before) == 3

    hashes = hashes_of(owner, person, booking)
    assert len(hashes) >= 5

    await erase(client, person, "?even_with_trips_ahead=true")

    words = [person["email"], FAMILY, "+12125550123", "ada.ferry@example.com"]
    found = [
        (table, word)
        for table in all_tables(owner)
        for word in [*words, *(each[:24].hex() for each in sealed), *hashes_sought(table, hashes)]
        if holds(owner, table, word, user_key(person), key_of(booking))
    ]
    assert found == []
    assert seals(owner, before) == []


def subjects_of(owner: Owner, person: dict[str, Any], booking: dict[str, Any]) -> list[UUID]:
    rows = owner.execute(
        "select contact_subject_id from app.bookings where id = %(booking)s "
        "union select subject_id from app.passengers where booking_id = %(booking)s",
        {"booking": key_of(booking)},
    ).fetchall()
    return [user_key(person), *(UUID(str(row[0])) for row in rows)]


def hashes_of(owner: Owner, person: dict[str, Any], booking: dict[str, Any]) -> list[str]:
    """By which streams know the person again."""
    rows = owner.execute(
        "select unnest(array[email_hash, phone_hash, ip_hash] || surname_hashes) "
        "from app.bookings where id = %s "
        "union select email_hash from app.users where id = %s "
        "union select unnest(array[email_hash, card_hash]) from app.payments where booking_id = %s",
        (key_of(booking), user_key(person), key_of(booking)),
    ).fetchall()
    return [str(row[0]) for row in rows if row[0] is not None]


def hashes_sought(table: str, hashes: list[str]) -> list[str]:
    """Events and audit are append-only; the keys of their hashes are destroyed after 360 days."""
    is_kept = table.startswith(("app.domain_events", "app.audit_entries"))
    return [] if is_kept else hashes


def seals(owner: Owner, subjects: list[UUID]) -> list[Any]:
    rows = owner.execute("select sealed from vault.people where subject_id = any(%s)", (subjects,)).fetchall()
    return [row[0] for row in rows]


def all_tables(owner: Owner) -> list[str]:
    rows = owner.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables "
        "where schemaname in ('app', 'vault', 'live')"
    ).fetchall()
    return [str(row[0]) for row in rows]


def holds(owner: Owner, table: str, word: str, user_id: UUID, booking_id: UUID) -> bool:
    """Whether a row of this person or booking holds a word. Others of these tests are named alike."""
    statement = (
        f"select exists (select from {table} as t where position(%s in to_jsonb(t)::text) > 0 "
        "and (position(%s in to_jsonb(t)::text) > 0 or position(%s in to_jsonb(t)::text) > 0))"
    )
    return bool(scalar(owner, statement, word, str(user_id), str(booking_id)))


async def test_without_erasure_the_search_would_find_the_seal(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any]
) -> None:
    """The negative control of the search above."""
    (sealed,) = seals(owner, [user_key(person)])

    assert holds(owner, "vault.people", bytes(sealed)[:24].hex(), user_key(person), user_key(person))


async def test_every_booking_is_forgotten_however_many_there_are(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings = [await booked(client, owner, person, is_paid=False) for _ in range(3)]
    monkeypatch.setattr(persons, "LOT", 2)

    await erase(client, person, "?even_with_trips_ahead=true")

    for booking in bookings:
        assert seals(owner, subjects_of(owner, person, booking)) == []


async def test_contact_of_a_group_is_forgotten(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any]
) -> None:
    departure = departing(owner)
    asked = await client.post(
        "/v1/groups",
        json={
            "flight_ids": [encode("flt", departure.flight_id)],
            "seats": 12,
            "contact": {"email": "ada.ferry@example.com"},
        },
        headers=bearer(await logged_in(client, person)) | {"idempotency-key": uuid7().hex},
    )
    assert asked.status_code == 201, asked.text
    contact = scalar(owner, "select contact_subject_id from app.groups where user_id = %s", user_key(person))
    assert len(seals(owner, [contact])) == 1

    assert (await erase(client, person)).status_code == 204

    assert seals(owner, [contact]) == []


def test_every_column_that_points_at_a_person_is_known_here(owner: Owner) -> None:
    """Whoever adds one decides here what becomes of it when its person is forgotten, or grows old."""
    rows = owner.execute(
        "select format('%s.%s.%s', table_schema, table_name, column_name) from information_schema.columns "
        "where table_schema in ('app', 'vault') and column_name ~ 'subject_ids?$' "
        "and table_name !~ '_(default|[0-9]{4}_[0-9]{2})$'"
    ).fetchall()

    assert {str(row[0]) for row in rows} == {
        # Erased with their envelopes.
        "app.bookings.contact_subject_id",
        "app.groups.contact_subject_id",
        "app.passengers.subject_id",
        "app.waitlist_entries.contact_subject_id",
        "app.waitlist_entries.passenger_subject_ids",
        "vault.people.subject_id",
        # Sealed under the key that the erasure destroys.
        "vault.document_names.subject_id",
        # Ids that lead nowhere afterwards.
        "app.domain_events.subject_id",
        "app.notification_deliveries.subject_id",
    }


async def test_trips_ahead_are_asked_about_first(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any]
) -> None:
    await booked(client, owner, person, is_paid=True)

    refused = await erase(client, person)

    assert (refused.status_code, refused.json()["code"]) == (409, "trips_ahead")
    assert (await try_log_in(client, person)).status_code == 200


async def test_erased_person_waits_for_no_seat(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any]
) -> None:
    tokens = await logged_in(client, person)
    departure = departing(owner, seats={"Y": 1})
    someone = new_traveller(client, owner)
    await someone.book(departure)
    joined = await client.post(
        "/v1/waitlist",
        json={
            "flight_id": encode("flt", departure.flight_id),
            "passengers": [{"type": "adult", "given_name": "Ada", "family_name": FAMILY}],
            "contact": {"email": "ada.ferry@example.com"},
        },
        headers=bearer(tokens) | {"idempotency-key": uuid7().hex},
    )
    assert joined.status_code == 201, joined.text
    export = (await client.get("/v1/me/export", headers=bearer(tokens))).json()

    assert (await erase(client, person)).status_code == 204

    assert [entry["id"] for entry in export["waitlist"]] == [joined.json()["id"]]
    status, contact = owner.execute(
        "select status, contact_subject_id from app.waitlist_entries where user_id = %s", (user_key(person),)
    ).fetchone() or (None, None)
    assert status == "left"
    assert seals(owner, [UUID(str(contact))]) == []


async def test_old_log_in_does_not_erase(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    tokens = await logged_in(client, person)
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update app.sessions set created_at = now() - interval '16 minutes' where user_id = %s",
            [user_key(person)],
        )

    answer = await client.delete("/v1/me", headers=bearer(tokens))

    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_log_in_required")


async def test_last_admin_stays(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute("delete from app.user_roles where role = 'admin'")
    grant(core_database, person, "admin")

    answer = await erase(client, person)

    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")


async def test_erasure_is_told_and_audited_by_id_alone(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase, owner: Owner
) -> None:
    await erase(client, person)

    assert events_of(core_database, person)[-1] == ("UserErased", {})
    assert (
        scalar(
            owner,
            "select count(*) from app.audit_entries where action = 'user.erased' and actor_id = %s",
            user_key(person),
        )
        == 1
    )


async def test_api_key_of_an_erased_person_opens_nothing(
    client: httpx2.AsyncClient, person: dict[str, Any]
) -> None:
    headers = bearer(await logged_in(client, person))
    key = await client.post(
        "/v1/me/api-keys", json={"name": FAMILY, "scopes": ["bookings:read"]}, headers=headers
    )
    await erase(client, person)

    answer = await client.get("/v1/bookings", headers={"authorization": f"Bearer {key.json()['key']}"})

    assert answer.status_code == 401


async def test_export_holds_everything_and_opens_for_nobody_else(
    client: httpx2.AsyncClient, owner: Owner, person: dict[str, Any]
) -> None:
    booking = await booked(client, owner, person, is_paid=True)
    tokens = await logged_in(client, person)

    answer = await client.get("/v1/me/export", headers=bearer(tokens))
    export = answer.json()

    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    assert export["user"]["email"] == person["email"]
    assert export["consents"][0]["is_given"] is True
    assert len(export["sessions"]) == 2
    (shown,) = export["bookings"]
    assert shown["booking"]["id"] == booking["id"]
    assert shown["booking"]["passengers"][0]["family_name"] == FAMILY
    assert shown["contact"]["email"] == "ada.ferry@example.com"
    assert next(event["type"] for event in shown["history"]) == "BookingCreated"
    assert [payment["status"] for payment in export["payments"]] == ["captured"]
    another = bearer(await logged_in(client, await registered(client)))
    stranger = await client.get("/v1/me/export", headers=another)
    assert stranger.json()["bookings"] == []
    assert PASSWORD not in answer.text
    assert decode("usr", export["user"]["id"]) == user_key(person)

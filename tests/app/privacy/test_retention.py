"""How long anything is kept: a table of rules that is carried out, and shown."""

from datetime import timedelta

import httpx2
import pytest

from app.core import vault
from app.core.db import transaction
from app.core.ids import uuid7
from app.core.security import Role, mint_access_token
from app.privacy import retention
from tests.app.bookings.travellers import Traveller, departing, key_of, new_traveller, scalar
from tests.app.conftest import Owner
from tests.app.identity.accounts import logged_in, registered, user_key
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture
async def traveller(client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess) -> Traveller:
    return new_traveller(client, owner)


async def apply() -> int:
    async with transaction() as session:
        return await retention.apply_rules(session, 10_000)


async def is_named(owner: Owner, booking: dict[str, object]) -> bool:
    subject_id = scalar(owner, "select contact_subject_id from app.bookings where id = %s", key_of(booking))
    async with transaction() as session:
        return subject_id in await vault.get_people(session, [subject_id])


@pytest.mark.parametrize(("age", "is_kept"), [("89 days", True), ("91 days", False)])
async def test_who_never_paid_is_forgotten_after_a_season(
    traveller: Traveller, owner: Owner, age: str, is_kept: bool
) -> None:
    booking = await traveller.book(departing(owner))
    owner.execute(
        "update app.bookings set status = 'expired', expired_at = now() - %s::interval where id = %s",
        (age, key_of(booking)),
    )

    await apply()

    assert await is_named(owner, booking) is is_kept
    hashes = scalar(owner, "select surname_hashes from app.bookings where id = %s", key_of(booking))
    assert bool(hashes) is is_kept


@pytest.mark.parametrize(("age", "is_kept"), [("4 years -2 days", True), ("4 years 2 days", False)])
async def test_who_travelled_is_forgotten_after_four_years(
    traveller: Traveller, owner: Owner, age: str, is_kept: bool
) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    owner.execute(
        "update app.bookings set created_at = now() - %s::interval where id = %s", (age, key_of(booking))
    )

    await apply()

    assert await is_named(owner, booking) is is_kept


async def test_origin_of_a_session_is_forgotten_when_it_ends_and_the_session_a_season_later(
    client: httpx2.AsyncClient, owner: Owner
) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)
    await client.post("/v1/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    living = await registered(client)
    await logged_in(client, living)

    await apply()

    count = "select count(*) from vault.session_origins where user_id = %s"
    assert (scalar(owner, count, user_key(person)), scalar(owner, count, user_key(living))) == (0, 1)
    sessions = "select count(*) from app.sessions where user_id = %s"
    assert scalar(owner, sessions, user_key(person)) == 1
    owner.execute(
        "update app.sessions set ended_at = now() - interval '91 days' where user_id = %s",
        (user_key(person),),
    )
    owner.execute(
        "delete from app.refresh_tokens using app.sessions where sessions.id = session_id and user_id = %s",
        (user_key(person),),
    )
    await apply()
    assert scalar(owner, sessions, user_key(person)) == 0


@pytest.mark.parametrize(
    ("table", "column", "age"),
    [
        ("app.mail_tokens", "expires_at", "31 days"),
        ("app.guest_attempts", "window_ends_at", "25 hours"),
        ("app.api_keys", "revoked_at", "401 days"),
    ],
)
async def test_rows_older_than_their_rule_are_deleted_and_younger_ones_are_not(
    client: httpx2.AsyncClient, owner: Owner, table: str, column: str, age: str
) -> None:
    person = await registered(client)
    headers = {"authorization": f"Bearer {(await logged_in(client, person))['access_token']}"}
    for _ in range(2):
        await client.post("/v1/me/api-keys", json={"name": "x", "scopes": ["bookings:read"]}, headers=headers)
        await client.post("/v1/auth/password-reset", json={"email": person["email"]})
        await client.post("/v1/guest-access", json={"pnr": "AAAAA" + "23"[_ % 2], "last_name": "X"})
    before = scalar(owner, f"select count(*) from {table}")
    owner.execute(
        f"update {table} set {column} = now() - %s::interval where ctid = (select max(ctid) from {table})",
        (age,),
    )

    await apply()

    assert scalar(owner, f"select count(*) from {table}") == before - 1


async def test_rules_are_shown_with_their_reasons(client: httpx2.AsyncClient) -> None:
    token = mint_access_token(uuid7(), uuid7(), [Role.ANALYST])

    answer = await client.get("/v1/admin/retention", headers={"authorization": f"Bearer {token}"})

    shown = {rule["name"]: rule for rule in answer.json()["data"]}
    assert set(shown) == {rule.name for rule in retention.RULES}
    assert shown["unpaid_bookings"]["kept_days"] == 90
    assert all(rule["reason"] for rule in shown.values())


def test_every_rule_says_from_when_it_counts_and_has_a_name_of_its_own() -> None:
    assert len({rule.name for rule in retention.RULES}) == len(retention.RULES)
    assert all(rule.counted_from and rule.kept >= timedelta(0) and rule.tables for rule in retention.RULES)

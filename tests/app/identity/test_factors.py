"""A second factor: set up, asked for, given once, and lost."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pyotp
import pytest

from app.core.security import verify_token
from tests.app.identity.accounts import bearer, grant, logged_in, registered, try_log_in, user_key
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def code_of(secret: str, *, steps: int = 0) -> str:
    """The code of now, or of some steps around: each is good once."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * steps))


async def enrolled(client: httpx2.AsyncClient, person: dict[str, Any]) -> tuple[str, list[str]]:
    """The secret, and the recovery codes; the code of the step before is used up by it."""
    headers = bearer(await logged_in(client, person))
    secret = (await client.post("/v1/me/second-factor", headers=headers)).json()["secret"]
    confirmed = await client.post(
        "/v1/me/second-factor/confirm", json={"code": code_of(secret, steps=-1)}, headers=headers
    )
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


async def test_log_in_asks_for_a_code_once_the_factor_is_confirmed(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    headers = bearer(await logged_in(client, person))
    enrolment = (await client.post("/v1/me/second-factor", headers=headers)).json()
    unconfirmed = await try_log_in(client, person)
    secret = enrolment["secret"]
    await client.post(
        "/v1/me/second-factor/confirm", json={"code": code_of(secret, steps=-1)}, headers=headers
    )

    without = await try_log_in(client, person)
    wrong_password = await try_log_in(client, person | {"password": "no"})
    with_code = await try_log_in(client, person, code=code_of(secret))

    assert unconfirmed.status_code == 200
    assert enrolment["otpauth_uri"].startswith("otpauth://totp/Contrail:")
    assert (without.status_code, without.json()["code"]) == (401, "second_factor_required")
    assert wrong_password.json()["code"] == "credentials_wrong", "the factor is no news to a stranger"
    assert with_code.status_code == 200
    assert verify_token(with_code.json()["access_token"]).second_factor_at is not None


async def test_code_works_once_even_side_by_side(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    secret, _ = await enrolled(client, person)
    code = code_of(secret)

    answers = await asyncio.gather(*(try_log_in(client, person, code=code) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    assert {answer.json().get("code") for answer in answers} == {None, "second_factor_wrong"}


async def test_recovery_code_opens_the_account_once(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    _, recovery_codes = await enrolled(client, person)

    first = await try_log_in(client, person, code=recovery_codes[0].upper())
    second = await try_log_in(client, person, code=recovery_codes[0])
    status = await client.get("/v1/me/second-factor", headers=bearer(first.json()))

    assert (first.status_code, second.status_code) == (200, 401)
    assert status.json() == {"is_enabled": True, "recovery_codes_left": 9}


async def test_staff_are_staff_only_after_a_second_factor(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    grant(core_database, person, "agent")

    plain = verify_token((await logged_in(client, person))["access_token"])
    secret, _ = await enrolled(client, person)
    tokens = await logged_in(client, person, code=code_of(secret))
    refreshed = await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})

    assert sorted(plain.roles) == ["customer"]
    assert sorted(verify_token(tokens["access_token"]).roles) == ["agent", "customer"]
    assert sorted(verify_token(refreshed.json()["access_token"]).roles) == ["agent", "customer"]


async def test_stepping_up_gives_a_token_that_says_when(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    headers = bearer(await logged_in(client, person))
    early = await client.post("/v1/auth/second-factor", json={"code": "123456"}, headers=headers)
    secret = (await client.post("/v1/me/second-factor", headers=headers)).json()["secret"]
    unconfirmed = await client.post("/v1/auth/second-factor", json={"code": code_of(secret)}, headers=headers)
    await client.post(
        "/v1/me/second-factor/confirm", json={"code": code_of(secret, steps=-1)}, headers=headers
    )
    needs_it = await client.delete("/v1/me/second-factor", headers=headers)

    stepped_up = await client.post("/v1/auth/second-factor", json={"code": code_of(secret)}, headers=headers)
    removed = await client.delete("/v1/me/second-factor", headers=bearer(stepped_up.json()))

    assert early.json()["code"] == unconfirmed.json()["code"] == "second_factor_absent"
    assert (needs_it.status_code, needs_it.json()["code"]) == (403, "step_up_required")
    assert stepped_up.status_code == 200
    assert removed.status_code == 204
    assert (await try_log_in(client, person)).status_code == 200


async def test_guessing_codes_locks_them_even_for_the_right_one(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    secret, _ = await enrolled(client, person)
    good = {code_of(secret, steps=steps) for steps in (-1, 0, 1)}
    wrong = [code for code in (f"{n:06d}" for n in range(20)) if code not in good][:10]
    for code in wrong:
        assert (await try_log_in(client, person, code=code)).json()["code"] == "second_factor_wrong"

    locked = await try_log_in(client, person, code=code_of(secret))
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update vault.second_factors set locked_until = now() where user_id = %s", [user_key(person)]
        )
    free = await try_log_in(client, person, code=code_of(secret))

    assert (locked.status_code, free.status_code) == (401, 200)


async def test_second_enrolment_replaces_an_unconfirmed_one_and_no_confirmed_one(
    client: httpx2.AsyncClient,
) -> None:
    person = await registered(client)
    headers = bearer(await logged_in(client, person))
    first = (await client.post("/v1/me/second-factor", headers=headers)).json()["secret"]
    second = (await client.post("/v1/me/second-factor", headers=headers)).json()["secret"]

    answers = [
        await client.post("/v1/me/second-factor/confirm", json={"code": code_of(secret)}, headers=headers)
        for secret in (first, second, second)
    ]
    third = await client.post("/v1/me/second-factor", headers=headers)

    assert [answer.status_code for answer in answers] == [401, 200, 409]
    assert (third.status_code, third.json()["code"]) == (409, "second_factor_enabled")


async def test_seed_is_kept_sealed(client: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    person = await registered(client)
    secret, recovery_codes = await enrolled(client, person)

    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        (sealed,) = connection.execute(
            "select sealed_seed from vault.second_factors where user_id = %s", [user_key(person)]
        ).fetchone() or (b"",)
        hashes = connection.execute(
            "select code_hash from vault.recovery_codes where user_id = %s", [user_key(person)]
        ).fetchall()

    assert len(sealed) > len(secret)
    assert secret.encode() not in sealed
    assert base64.b32decode(secret) not in sealed
    assert len(hashes) == len(recovery_codes)
    assert all(code.encode() not in row[0] for code in recovery_codes for row in hashes)

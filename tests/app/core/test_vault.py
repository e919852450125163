"""The vault: sealed under each person's own key, found without being readable, gone when erased."""

import json
from pathlib import Path

import psycopg
import pytest
from cryptography.exceptions import InvalidTag

from app.core import vault
from app.core.db import transaction
from app.core.ids import uuid7
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ADA = {"given_name": "Ada", "family_name": "Ferry", "email": "ada@example.com"}


@pytest.fixture(autouse=True)
def _core(application: object) -> None:
    """Every test here writes through the program's own engine."""


async def test_people_read_back_and_are_sealed_in_the_table(core_database: TestDatabase) -> None:
    first, second = uuid7(), uuid7()
    async with transaction() as session:
        await vault.put_people(session, "passenger", {first: ADA, second: ADA})
    async with transaction() as session:
        people = await vault.get_people(session, [first, second, uuid7()])

    assert people == {first: ADA, second: ADA}
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        rows = connection.execute(
            "select sealed, wrapped_key from vault.people where subject_id = any(%s)", [[first, second]]
        ).fetchall()
    assert len({bytes(sealed) for sealed, _ in rows}) == 2
    assert all(b"Ferry" not in bytes(sealed) for sealed, _ in rows)


async def test_erased_person_is_absent(core_database: TestDatabase) -> None:
    subject_id = uuid7()
    async with transaction() as session:
        await vault.put_people(session, "contact", {subject_id: ADA})
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute("delete from vault.people where subject_id = %s", [subject_id])

    async with transaction() as session:
        assert await vault.get_people(session, [subject_id]) == {}


async def test_envelope_does_not_open_for_another_subject(core_database: TestDatabase) -> None:
    """What is sealed for one row cannot be moved to another, by whoever may write the table."""
    first, second = uuid7(), uuid7()
    async with transaction() as session:
        await vault.put_people(session, "contact", {first: ADA, second: ADA})
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update vault.people as target set sealed = source.sealed, wrapped_key = source.wrapped_key "
            "from vault.people as source where target.subject_id = %s and source.subject_id = %s",
            [second, first],
        )

    async with transaction() as session:
        with pytest.raises(InvalidTag):
            await vault.get_people(session, [second])


async def test_lookup_is_stable_and_tells_nothing(core_settings: Path) -> None:
    (lookup,) = vault.lookups("email", "ada@example.com")

    assert vault.lookups("email", "ada@example.com") == [lookup]
    assert vault.lookups("email", "eda@example.com") != [lookup]
    assert vault.lookups("phone", "ada@example.com") != [lookup]
    assert len(lookup) == 32


async def test_value_is_found_under_an_older_master_key_too(
    core_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = json.loads((core_settings / "secrets" / "vault_keys.json").read_text())
    masters = {"k1": b"1" * 32, "k2": b"2" * 32}
    assert set(ring["keys"]) == {"k1"}
    monkeypatch.setattr(vault, "_master_keys", lambda: ("k1", {"k1": masters["k1"]}))
    (before,) = vault.lookups("email", "ada@example.com")

    monkeypatch.setattr(vault, "_master_keys", lambda: ("k2", masters))

    current, older = vault.lookups("email", "ada@example.com")
    assert older == before
    assert current != before


async def test_secret_reads_back_under_its_kind_and_is_gone_when_deleted(core_database: TestDatabase) -> None:
    secret_id = uuid7()
    async with transaction() as session:
        await vault.put_secret(session, "webhook", secret_id, "whsec_of_ada")
        assert await vault.get_secrets(session, "webhook", [secret_id]) == {secret_id: "whsec_of_ada"}
        assert await vault.get_secrets(session, "second_factor", [secret_id]) == {}
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        (sealed,) = connection.execute(
            "select sealed from vault.secrets where id = %s", [secret_id]
        ).fetchone()  # type: ignore[misc]
        assert b"whsec" not in bytes(sealed)
    async with transaction() as session:
        await vault.delete_secrets(session, "webhook", [secret_id])
        assert await vault.get_secrets(session, "webhook", [secret_id]) == {}


async def test_changed_person_keeps_the_key(core_database: TestDatabase) -> None:
    subject_id = uuid7()
    async with transaction() as session:
        await vault.put_people(session, "user", {subject_id: ADA})
        sealed = await vault.seal(session, subject_id, b"a seed", "test")
        await vault.change_person(session, subject_id, ADA | {"family_name": "O'Hara"})

    async with transaction() as session:
        people = await vault.get_people(session, [subject_id])
        assert people[subject_id]["family_name"] == "O'Hara"
        assert await vault.unseal(session, subject_id, sealed, "test") == b"a seed"


async def test_what_was_sealed_opens_for_its_subject_and_kind_alone() -> None:
    first, second = uuid7(), uuid7()
    async with transaction() as session:
        await vault.put_people(session, "user", {first: ADA, second: ADA})
        sealed = await vault.seal(session, first, b"a seed", "test")
        for subject_id, kind in ((second, "test"), (first, "other")):
            with pytest.raises(InvalidTag):
                await vault.unseal(session, subject_id, sealed, kind)


async def test_erasing_a_person_destroys_the_only_key_to_all_that_was_sealed() -> None:
    subject_id = uuid7()
    async with transaction() as session:
        await vault.put_people(session, "user", {subject_id: ADA})
        sealed = await vault.seal(session, subject_id, b"a seed", "test")
        assert await vault.erase_people(session, [subject_id, uuid7()]) == 1

    async with transaction() as session:
        with pytest.raises(vault.SubjectUnknown):
            await vault.unseal(session, subject_id, sealed, "test")


async def test_token_is_derived_alike_each_time_and_differs_by_purpose_and_row(core_settings: Path) -> None:
    row_id = uuid7()

    tokens = [
        vault.derived_tokens("reset", row_id)[0],
        vault.derived_tokens("other", row_id)[0],
        vault.derived_tokens("reset", uuid7())[0],
    ]

    assert tokens[0] == vault.derived_tokens("reset", row_id)[0]
    assert len(set(tokens)) == 3
    assert all(len(token) == 43 for token in tokens)

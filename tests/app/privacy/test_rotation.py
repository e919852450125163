"""A new master key: everything comes under it, nobody is shut out, and it may be stopped half way."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from app.core import vault
from app.core.db import transaction
from app.core.ids import uuid7
from app.privacy import rotation
from deploy.local.secrets import add_master_key
from tests.app.conftest import Owner
from tests.app.identity.accounts import logged_in, registered, try_log_in, user_key
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def alone_in_the_vault(core_database: TestDatabase) -> None:
    """What other tests left behind is none of this one's business."""
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute("delete from vault.people")
        connection.execute("delete from vault.secrets")


@pytest.fixture
async def ring(core_settings: Path, application: object, owner: Owner) -> AsyncIterator[Path]:
    """The folder of the session's secrets; afterwards the vault is under its one old key again."""
    folder = core_settings / "secrets"
    path = folder / "vault_keys.json"
    kept = path.read_text()
    yield folder
    path.write_text(json.dumps(json.loads(path.read_text()) | {"current": "k1"}))
    vault._ring.cache_clear()
    await rotation.rotate(silent)
    path.write_text(kept)
    vault._ring.cache_clear()


def new_key(ring: Path) -> str:
    version = add_master_key(ring)
    vault._ring.cache_clear()
    return version


def silent(line: str) -> None:
    return None


def versions(owner: Owner, person: dict[str, Any]) -> set[str]:
    rows = owner.execute("select key_version from vault.people where subject_id = %s", (user_key(person),))
    return {str(row[0]) for row in rows}


async def test_everything_comes_under_the_new_key_and_everybody_logs_in(
    client: httpx2.AsyncClient, ring: Path, owner: Owner
) -> None:
    people = [await registered(client) for _ in range(3)]
    secret_id = uuid7()
    async with transaction() as session:
        await vault.put_secret(session, "webhook", secret_id, "whsec_x")
    version = new_key(ring)
    between = [(await try_log_in(client, person)).status_code for person in people]

    done = await rotation.rotate(silent)

    assert between == [200, 200, 200], "the older key still opens before the rotation"
    assert done.version == version
    assert (done.left, done.keys >= 4, done.lookups >= 3) == (0, True, True)
    assert all(versions(owner, person) == {version} for person in people)
    for person in people:
        tokens = await logged_in(client, person)
        me = await client.get("/v1/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
        assert me.json()["email"] == person["email"]
    async with transaction() as session:
        assert await vault.get_secrets(session, "webhook", [secret_id]) == {secret_id: "whsec_x"}


@pytest.mark.parametrize(
    ("is_rotated", "status"), [(True, 200), (False, 401)], ids=["rotated", "not rotated"]
)
async def test_old_key_may_be_destroyed_after_the_rotation_and_not_before(
    client: httpx2.AsyncClient, ring: Path, is_rotated: bool, status: int
) -> None:
    person = await registered(client)
    version = new_key(ring)
    if is_rotated:
        await rotation.rotate(silent)
    path = ring / "vault_keys.json"
    kept = path.read_text()
    document = json.loads(kept)
    path.write_text(json.dumps({"current": version, "keys": {version: document["keys"][version]}}))
    vault._ring.cache_clear()

    answer = await try_log_in(client, person)

    path.write_text(kept)
    assert answer.status_code == status


async def test_rotation_stopped_half_way_goes_on_where_it_was(
    client: httpx2.AsyncClient, ring: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        await registered(client)
    new_key(ring)
    monkeypatch.setattr(rotation, "LOT", 2)

    def stop(line: str) -> None:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt):
        await rotation.rotate(stop)
    left = await rotation.rotate(silent, is_dry=True)
    done = await rotation.rotate(silent)

    assert left.left > 0
    assert done.keys == left.left
    assert done.left == 0
    again = await rotation.rotate(silent)
    assert (again.keys, again.lookups) == (0, 0)


async def test_dry_run_counts_and_writes_nothing(
    client: httpx2.AsyncClient, ring: Path, owner: Owner
) -> None:
    person = await registered(client)
    before = versions(owner, person)
    new_key(ring)

    dry = await rotation.rotate(silent, is_dry=True)

    assert dry.is_dry
    assert dry.keys > 0
    assert dry.lookups > 0
    assert versions(owner, person) == before


async def test_running_program_reads_the_ring_again_for_a_key_it_does_not_know(
    client: httpx2.AsyncClient, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program wrapped under a key that was made a moment ago."""
    person = await registered(client)
    before = vault._ring(0)
    new_key(ring)
    await rotation.rotate(silent)
    monkeypatch.setattr(vault, "_ring", StaleRing(before, vault._ring))

    async with transaction() as session:
        people = await vault.get_people(session, [user_key(person)])

    assert people[user_key(person)]["email"] == person["email"]


class StaleRing:
    """The ring as it was, until it is asked to be read anew."""

    def __init__(self, stale: Any, fresh: Any) -> None:
        self._stale: Any = stale
        self._fresh: Any = fresh

    def __call__(self, moment: int) -> Any:
        return self._fresh(moment) if self._stale is None else self._stale

    def cache_clear(self) -> None:
        self._stale = None

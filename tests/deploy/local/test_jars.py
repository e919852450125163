import hashlib
from pathlib import Path

import pytest

from deploy.local import jars

LOCK = """
[[dependencies]]
groupId = "{group}"
artifactId = "thing"
version = "1.0"
sha256 = "{sha256}"
"""
CONTENT = b"a jar"


def lock_for(tmp_path: Path, content: bytes = CONTENT, group: str = "org.example") -> Path:
    lock = tmp_path / "jgo.lock.toml"
    lock.write_text(LOCK.format(group=group, sha256=hashlib.sha256(content).hexdigest()))
    return lock


def test_every_locked_jar_has_a_hash() -> None:
    locked = jars.locked_jars()

    assert len(locked) > 90
    assert all(len(jar.sha256) == 64 for jar in locked)


def test_broker_and_clients_are_of_one_version() -> None:
    """Debezium names an older kafka-clients, which once won over the broker's own."""
    versions = {jar.version for jar in jars.locked_jars() if jar.group == "org.apache.kafka"}

    assert versions == {"4.3.1"}


def test_debezium_is_kept_apart_from_connect() -> None:
    folders = {jar.artifact: jar.path.parent for jar in jars.locked_jars()}

    assert folders["debezium-connector-postgres"] == Path("plugins/debezium")
    assert folders["postgresql"] == Path("plugins/debezium")
    assert folders["connect-runtime"] == Path("libs")


def test_missing_and_altered_jars_are_told(tmp_path: Path) -> None:
    lock = lock_for(tmp_path)
    assert jars.missing_or_wrong(tmp_path, lock) == ["thing-1.0.jar"]

    (tmp_path / "libs").mkdir()
    (tmp_path / "libs/thing-1.0.jar").write_bytes(CONTENT)
    assert jars.missing_or_wrong(tmp_path, lock) == []

    (tmp_path / "libs/thing-1.0.jar").write_bytes(b"another")
    assert jars.missing_or_wrong(tmp_path, lock) == ["thing-1.0.jar"]


def test_what_is_not_locked_is_removed(tmp_path: Path) -> None:
    lock = lock_for(tmp_path)
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs/thing-1.0.jar").write_bytes(CONTENT)
    (tmp_path / "libs/older-0.9.jar").write_bytes(b"older")

    jars.ensure_jars(lambda _: None, tmp_path, lock)

    assert [path.name for path in (tmp_path / "libs").iterdir()] == ["thing-1.0.jar"]
    assert jars.are_present(tmp_path, lock)


def test_download_that_is_not_what_was_locked_never_gets_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = lock_for(tmp_path, group="org.example")
    repository = tmp_path / "maven"
    place = repository / "org/example/thing/1.0"
    place.mkdir(parents=True)
    (place / "thing-1.0.jar").write_bytes(b"tampered with")
    monkeypatch.setenv("M2_REPO", str(repository))

    with pytest.raises(jars.JarError, match=r"thing-1\.0\.jar does not have the sha256"):
        jars.ensure_jars(lambda _: None, tmp_path / "jars", lock)

    assert not (tmp_path / "jars/libs/thing-1.0.jar").exists()
    assert not jars.are_present(tmp_path / "jars", lock)

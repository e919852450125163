"""What the connector's file must say, and what it must not hold."""

import json
import re
from pathlib import Path

import pytest

from connect.register import desired_config, differences
from connect.settings import CONNECTOR_FILE, WORKER_FILE, Settings, UnfilledSetting, fill

# Settings whose defaults lose or hide data; each is named, so that nobody relies on a default.
NAMED = {
    "plugin.name": "pgoutput",
    "publication.autocreate.mode": "disabled",
    "slot.name": "contrail",
    "slot.drop.on.stop": "false",
    "snapshot.mode": "when_needed",
    "offset.mismatch.strategy": "trust_offset",
    "heartbeat.interval.ms": "5000",
    "errors.tolerance": "none",
    "event.processing.failure.handling.mode": "fail",
    "skipped.operations": "none",
    "decimal.handling.mode": "string",
    "time.precision.mode": "isostring",
    "tombstones.on.delete": "false",
    "provide.transaction.metadata": "false",
    "exactly.once.support": "required",
    "transaction.boundary": "poll",
    "poll.interval.ms": "10",
    "database.initial.statements": "set row_security = off",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"CONTRAIL_HOME": str(tmp_path), "CONTRAIL_CORE_PORT": "21000"})


def test_dangerous_defaults_are_set_by_name() -> None:
    connector = json.loads(CONNECTOR_FILE.read_text())

    assert {name: connector.get(name) for name in NAMED} == NAMED


def test_no_file_holds_a_secret(settings: Settings) -> None:
    config = desired_config(settings)

    assert config["database.password"] == f"${{directory:{settings.secrets_dir}:cdc_password}}"
    secretive = [name for name in config if re.search("password|secret|token", name)]
    assert secretive == ["database.password"]
    assert "password" not in WORKER_FILE.read_text().replace("# Passwords", "")


def test_nothing_of_the_vault_is_captured() -> None:
    listed = json.loads(CONNECTOR_FILE.read_text())["table.include.list"].split(",")

    assert all(re.fullmatch(r"(app|live)\.[a-z_]+", table) for table in listed)
    assert "app.user_roles" not in listed
    assert "app.heartbeat" in listed


def test_places_are_filled_in(settings: Settings) -> None:
    config = desired_config(settings)

    assert config["database.port"] == "21000"
    assert "CONTRAIL_" not in json.dumps(config)


def test_worker_reads_each_setting_from_the_stack() -> None:
    named = set(re.findall(r"\$\{(CONTRAIL_\w+)\}", WORKER_FILE.read_text()))
    text = fill(WORKER_FILE.read_text(), dict.fromkeys(named, "1"))

    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    assert values["exactly.once.source.support"] == "enabled"
    assert values["connector.client.config.override.policy"] == "None"
    assert values["topic.creation.enable"] == "false"
    assert values["session.timeout.ms"] == "6000"


def test_a_variable_nobody_set_is_an_error() -> None:
    with pytest.raises(UnfilledSetting, match="CONTRAIL_KAFKA_PORT"):
        fill("bootstrap.servers=${CONTRAIL_KAFKA_PORT}", {})


def test_differences_are_those_of_a_put() -> None:
    before = {"name": "app_postgres", "poll.interval.ms": "500", "gone": "1", "same": "x"}

    changes = differences(before, {"poll.interval.ms": "10", "new": "2", "same": "x"})

    assert changes == [
        ("gone", "1", None),
        ("new", None, "2"),
        ("poll.interval.ms", "500", "10"),
    ]
    assert differences(before, {key: value for key, value in before.items() if key != "name"}) == []

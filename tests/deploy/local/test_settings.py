from pathlib import Path

import pytest

from deploy.local.settings import (
    DEFAULT_PORTS,
    LONGEST_SOCKET_PATH,
    SettingsError,
    StackSettings,
    free_ports,
    port_setting,
)


def test_defaults_are_the_documented_ports(tmp_path: Path) -> None:
    settings = StackSettings.from_environment({}, tmp_path)

    environment = settings.environment()

    assert environment["CONTRAIL_CORE_PORT"] == "55432"
    assert environment["CONTRAIL_GATEWAY_PORT"] == "8080"
    assert environment["CONTRAIL_HOME"] == str(tmp_path)
    assert environment["CONTRAIL_SECRETS_DIR"] == str(tmp_path / "secrets")
    assert environment["CONTRAIL_ENVIRONMENT"] == "sandbox"


def test_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert StackSettings.from_environment({}).home == tmp_path / ".contrail"


def test_saved_settings_are_found_again(tmp_path: Path) -> None:
    environment = {"CONTRAIL_KAFKA_PORT": "21000", "CONTRAIL_LANDING_FLUSH_SECONDS": "5"}
    StackSettings.from_environment(environment, tmp_path).save()

    found = StackSettings.resolve(tmp_path, {})

    assert found.ports.kafka == 21000
    assert found.passed_on["CONTRAIL_LANDING_FLUSH_SECONDS"] == "5"
    assert found == StackSettings.load(tmp_path)


def test_environment_wins_over_what_was_saved(tmp_path: Path) -> None:
    StackSettings.from_environment({"CONTRAIL_KAFKA_PORT": "21000"}, tmp_path).save()

    assert StackSettings.resolve(tmp_path, {"CONTRAIL_KAFKA_PORT": "22000"}).ports.kafka == 22000


def test_settings_of_single_programs_are_passed_on(tmp_path: Path) -> None:
    settings = StackSettings.from_environment({"CONTRAIL_KAFKA_PARTITIONS": "4"}, tmp_path)

    assert settings.environment()["CONTRAIL_KAFKA_PARTITIONS"] == "4"


@pytest.mark.parametrize("value", ["http", "80", "70000", "-1", "8080.5"])
def test_what_is_no_port_is_refused_by_name(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="CONTRAIL_KAFKA_PORT"):
        StackSettings.from_environment({"CONTRAIL_KAFKA_PORT": value}, tmp_path)


def test_one_port_for_two_parts_is_refused(tmp_path: Path) -> None:
    # The API takes the port it is given and the next one.
    environment = {"CONTRAIL_API_PORT": "20000", "CONTRAIL_DAGSTER_PORT": "20001"}

    with pytest.raises(SettingsError, match="20001 is given to both"):
        StackSettings.from_environment(environment, tmp_path)


def test_free_ports_name_every_setting_and_do_not_overlap(tmp_path: Path) -> None:
    chosen = free_ports()

    assert set(chosen) == {port_setting(name) for name in DEFAULT_PORTS}
    StackSettings.from_environment(chosen, tmp_path)


def test_sockets_of_a_deep_home_are_put_where_the_kernel_takes_them(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)

    path = StackSettings.from_environment({}, deep).socket_path("supervisor.sock")

    assert len(str(path)) <= LONGEST_SOCKET_PATH
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.rmdir()

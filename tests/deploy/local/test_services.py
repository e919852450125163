from configparser import RawConfigParser
from pathlib import Path

import pytest

from deploy.local.graph import reversed_order, run_in_order
from deploy.local.launch import _order
from deploy.local.secrets import ensure_secrets
from deploy.local.services import BY_NAME, SERVICES, process_environment
from deploy.local.settings import StackSettings
from deploy.local.steps import STEPS
from deploy.local.supervisor import render

AFTER = {service.name: service.after for service in SERVICES} | {step.name: step.after for step in STEPS}


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    made = StackSettings.from_environment({"CONTRAIL_LANDING_FLUSH_SECONDS": "5"}, tmp_path / "100% home")
    ensure_secrets(made.secrets)
    return made


def parsed(settings: StackSettings) -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(render(settings, SERVICES))
    return parser


def test_everything_waited_for_exists() -> None:
    assert {other for others in AFTER.values() for other in others} <= set(AFTER)


def test_all_can_be_ordered_both_ways() -> None:
    started: list[str] = []
    stopped: list[str] = []

    run_in_order(AFTER, started.append)
    run_in_order(reversed_order(AFTER), stopped.append)

    assert started.index("topics") < started.index("connector")
    assert started.index("migrations") < started.index("api-1")
    assert stopped.index("connect") < stopped.index("kafka")
    assert stopped.index("api-1") < stopped.index("postgres-core")


def test_steps_are_done_when_what_they_need_is_chosen_or_runs() -> None:
    only = _order({"postgres-core", "kafka"}, running=set())
    more = _order({"connect"}, running={"postgres-core", "kafka"})

    assert {"core-roles", "migrations", "topics"} <= set(only)
    assert "connector" not in only
    assert "warehouse-roles" not in only
    assert "connector" in more


def test_every_service_is_restarted_without_end_and_started_only_when_told(settings: StackSettings) -> None:
    file = parsed(settings)

    for name in BY_NAME:
        program = file[f"program:{name}"]
        assert program["autorestart"] == "true"
        assert program["autostart"] == "false"
        assert int(program["startretries"]) > 100_000
        assert program["killasgroup"] == "true"


def test_postgres_is_stopped_fast_and_clean(settings: StackSettings) -> None:
    program = parsed(settings)["program:postgres-core"]

    assert program["stopsignal"] == "INT"
    assert program["stopasgroup"] == "false"


def test_percent_signs_do_not_begin_expansions(settings: StackSettings) -> None:
    assert "100%% home" in parsed(settings)["supervisord"]["logfile"]


def test_only_landing_is_told_of_its_settings(settings: StackSettings) -> None:
    file = parsed(settings)

    assert 'CONTRAIL_LANDING_FLUSH_SECONDS="5"' in file["program:flow-landing"]["environment"]
    assert "CONTRAIL_LANDING_FLUSH_SECONDS" not in process_environment(settings)


def test_no_password_is_in_a_command(settings: StackSettings) -> None:
    secrets = [path.read_text() for path in settings.secrets.iterdir()]

    for service in SERVICES:
        command = " ".join(service.command(settings))
        assert not any(secret in command for secret in secrets)


def test_processes_carry_the_mark_by_which_down_finds_them(settings: StackSettings) -> None:
    assert process_environment(settings)["CONTRAIL_STACK"] == str(settings.home)

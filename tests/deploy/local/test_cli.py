import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from deploy.local.settings import PROJECT_ROOT, free_ports

LIMIT_SECONDS = 60


def contrail(*arguments: str, home: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONTRAIL_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**inherited, "CONTRAIL_HOME": str(home), "NO_COLOR": "1", **variables},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_help_has_an_example_and_no_colour(tmp_path: Path) -> None:
    for command in ((), ("up",), ("down",), ("status",), ("logs",), ("doctor",)):
        done = contrail(*command, "--help", home=tmp_path)

        assert done.returncode == 0
        assert "Example: contrail" in done.stdout
        assert "\x1b" not in done.stdout


def test_version_is_a_version(tmp_path: Path) -> None:
    done = contrail("--version", home=tmp_path)

    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def test_a_misspelt_command_is_a_usage_error_with_a_suggestion(tmp_path: Path) -> None:
    done = contrail("staus", home=tmp_path)

    assert done.returncode == 2
    assert "status" in done.stderr


def test_a_taken_port_is_one_sentence_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        done = contrail("up", home=tmp_path, **(free_ports() | {"CONTRAIL_CORE_PORT": port}))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"port {port} for postgres-core is taken by" in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr
    assert "CONTRAIL_CORE_PORT" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_port_is_a_usage_error(tmp_path: Path) -> None:
    done = contrail("up", home=tmp_path, CONTRAIL_GATEWAY_PORT="http")

    assert done.returncode == 2
    assert "CONTRAIL_GATEWAY_PORT" in done.stderr


def test_an_unknown_service_is_refused_by_name(tmp_path: Path) -> None:
    done = contrail("up", "--only", "kafak", home=tmp_path, **free_ports())

    assert done.returncode == 2
    assert "there is no service kafak" in done.stderr


def test_status_of_nothing_is_whole_json_and_not_well(tmp_path: Path) -> None:
    done = contrail("status", "--json", home=tmp_path)

    assert done.returncode == 3
    assert set(json.loads(done.stdout)) == {"services", "lags_ms", "rows_without_partition"}


def test_down_of_nothing_is_no_error(tmp_path: Path) -> None:
    done = contrail("down", home=tmp_path)

    assert done.returncode == 0
    assert "nothing was running" in done.stderr


def test_logs_of_an_unknown_service_suggest_a_known_one(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/kafka.log").write_text("started\n")

    wrong = contrail("logs", "kafak", home=tmp_path)
    right = contrail("logs", "kafka", home=tmp_path)

    assert wrong.returncode == 2
    assert "did you mean kafka?" in wrong.stderr
    assert right.stdout == "started\n"


def test_the_command_imports_nothing_heavy() -> None:
    """Help, and every other command, once took ten seconds because one import pulled in dbt."""
    code = (
        "import sys, deploy.cli; "
        "print([m for m in ('dbt', 'great_expectations', 'dagster', 'streamlit', 'fastapi', 'sqlmodel', "
        "'pyarrow', 'pandas', 'psycopg', 'confluent_kafka') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True,
                          timeout=LIMIT_SECONDS, check=True)  # fmt: skip

    assert done.stdout == "[]\n"

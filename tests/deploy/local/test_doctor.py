import socket
from pathlib import Path

import pytest

from deploy.local import doctor
from deploy.local.settings import StackSettings, free_ports


def test_this_machine_can_run_the_stack(tmp_path: Path) -> None:
    settings = StackSettings.from_environment(free_ports(), tmp_path)

    findings = list(doctor.examine(settings))

    faults = [finding for finding in findings if finding.stops and not finding.ok]
    assert faults == []
    assert {"python", "packages", "java", "jars", "postgres", "memory", "disk", "ports", "browser"} == {
        finding.name for finding in findings
    }


def test_a_taken_port_prevents_up(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        settings = StackSettings.from_environment(free_ports() | {"CONTRAIL_SMTP_PORT": str(port)}, tmp_path)
        findings = list(doctor.examine(settings))

    told = [finding.detail for finding in findings if finding.name == "port"]
    assert len(told) == 1
    assert f"{port} for smtp-sink" in told[0]
    assert doctor.prevents_up(findings)


def test_too_little_memory_prevents_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MEMORY_NEEDED_MB", 10**9)

    findings = list(doctor.examine(StackSettings.from_environment(free_ports(), tmp_path)))

    assert doctor.prevents_up(findings)


def test_a_missing_browser_prevents_nothing() -> None:
    assert not doctor.prevents_up([doctor.Finding("browser", False, "none", stops=False)])

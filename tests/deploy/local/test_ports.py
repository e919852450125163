import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.services import BY_NAME
from deploy.local.settings import StackSettings, free_ports


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def test_taken_port_is_named_with_its_holder_and_its_setting(tmp_path: Path) -> None:
    with listening() as port:
        settings = StackSettings.from_environment(
            free_ports() | {"CONTRAIL_DAGSTER_PORT": str(port)}, tmp_path
        )

        with pytest.raises(ports.PortTaken) as refusal:
            ports.require_free(settings, BY_NAME)

    message = str(refusal.value)
    assert f"port {port} for dagster-webserver" in message
    assert f"(pid {os.getpid()})" in message
    assert "CONTRAIL_DAGSTER_PORT" in message


def test_ports_of_services_not_asked_for_do_not_matter(tmp_path: Path) -> None:
    with listening() as port:
        settings = StackSettings.from_environment(
            free_ports() | {"CONTRAIL_DAGSTER_PORT": str(port)}, tmp_path
        )

        ports.require_free(settings, ["postgres-core", "kafka"])


def test_free_port_is_free() -> None:
    with listening() as port:
        assert not ports.is_free("127.0.0.1", port)

    assert ports.is_free("127.0.0.1", port)


def test_every_port_belongs_to_a_service(tmp_path: Path) -> None:
    settings = StackSettings.from_environment({}, tmp_path)

    owners = {use.port: service for use, service in ports.uses_by_service(settings)}

    assert set(owners.values()) <= set(BY_NAME)
    assert owners[settings.ports.api + 1] == "api-2"
    assert owners[settings.ports.metrics + 5] == "connector-watchdog"
    assert owners[settings.ports.kafka_controller] == "kafka"

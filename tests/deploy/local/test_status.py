from pathlib import Path
from typing import Any

from deploy.local import status
from deploy.local.services import BY_NAME
from deploy.local.settings import StackSettings, free_ports


def entry(name: str, state: str) -> dict[str, Any]:
    return {"name": name, "state": state, "url": "http://127.0.0.1:1", "pid": 1}


def taken(*services: dict[str, Any]) -> dict[str, Any]:
    return {"services": list(services), "lags_ms": {"kafka": 21.0, "availability": None, "warehouse": 6e4}}


def test_a_stack_that_never_ran_has_the_same_shape(tmp_path: Path) -> None:
    status_of_nothing = status.take(StackSettings.from_environment(free_ports(), tmp_path))

    assert [service["name"] for service in status_of_nothing["services"]] == list(BY_NAME)
    assert all(
        set(service) == {"name", "state", "url", "pid"} and service["state"] == "stopped"
        for service in status_of_nothing["services"]
    )
    assert status_of_nothing["lags_ms"] == {"kafka": None, "availability": None, "warehouse": None}


def test_well_means_that_all_that_was_started_works() -> None:
    assert status.is_well(taken(entry("kafka", "ready"), entry("dashboards", "stopped")))
    assert not status.is_well(taken(entry("kafka", "ready"), entry("connect", "not ready")))
    assert not status.is_well(taken(entry("kafka", "stopped")))


def test_table_names_services_and_lags() -> None:
    text = status.table(taken(entry("kafka", "ready")))

    assert "kafka" in text
    assert "commit -> Kafka" in text
    assert "21 ms" in text
    assert "nothing to measure yet" in text

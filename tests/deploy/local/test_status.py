from pathlib import Path
from typing import Any

from deploy.local import status
from deploy.local.services import BY_NAME
from deploy.local.settings import StackSettings, free_ports


def entry(name: str, state: str) -> dict[str, Any]:
    return {"name": name, "state": state, "url": "http://127.0.0.1:1", "pid": 1}


def taken(*services: dict[str, Any], without: int | None = 0) -> dict[str, Any]:
    lags = {"kafka": 21.0, "availability": None, "warehouse": 6e4}
    return {"services": list(services), "lags_ms": lags, "rows_without_partition": without}


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


def test_rows_that_no_month_was_made_for_raise_an_alarm() -> None:
    status_of_misplaced = taken(entry("kafka", "ready"), without=1_200)

    assert not status.is_well(status_of_misplaced)
    assert "1,200 rows have no month" in status.table(status_of_misplaced)
    assert "no month" not in status.table(taken(entry("kafka", "ready")))

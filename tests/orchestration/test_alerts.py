"""A failure gives one alert, however often it is looked at."""

from typing import Any

import dagster
import psycopg
import pytest

from orchestration.alerts import Alert, alerts_of, raise_alerts
from orchestration.resources import Settings


@dagster.asset
def stock() -> None:
    """Something to check."""


@dagster.asset_check(asset=stock, blocking=True)
def enough() -> dagster.AssetCheckResult:
    return dagster.AssetCheckResult(passed=False, metadata={"missing": 3})


@dagster.asset_check(asset=stock)
def tidy() -> dagster.AssetCheckResult:
    return dagster.AssetCheckResult(passed=False, severity=dagster.AssetCheckSeverity.WARN)


@dagster.asset_check(asset=stock)
def fresh() -> dagster.AssetCheckResult:
    return dagster.AssetCheckResult(passed=True)


@dagster.asset
def broken() -> None:
    raise ValueError("no stock")


def finished(*parts: Any) -> list[Alert]:
    with dagster.DagsterInstance.ephemeral() as instance:
        result = dagster.materialize(parts, instance=instance, raise_on_error=False)
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        return alerts_of(run, result.all_events)


def test_failed_checks_give_one_alert_each_and_the_run_none() -> None:
    alerts = finished(stock, enough, tidy, fresh)

    assert sorted((alert.asset, alert.check_name) for alert in alerts) == [
        ("stock", "enough"),
        ("stock", "tidy"),
    ]
    assert '"missing": "3"' in next(alert.reason for alert in alerts if alert.check_name == "enough")


def test_a_run_that_fails_without_a_check_gives_one_alert_with_its_reason() -> None:
    [alert] = finished(broken)

    assert alert.check_name == "run"
    assert "no stock" in alert.reason


def test_a_run_without_failures_gives_none() -> None:
    assert finished(stock, fresh) == []


@pytest.mark.postgres
def test_an_alert_is_written_once(settings: Settings, warehouse: psycopg.Connection[Any]) -> None:
    alert = Alert("r1", "refresh", "raw/change_log", "equals_source", "missing 3")

    raise_alerts(settings, [alert])
    raise_alerts(settings, [alert])

    assert warehouse.execute("select run_id, check_name, reason from ops.alert").fetchall() == [
        ("r1", "equals_source", "missing 3")
    ]

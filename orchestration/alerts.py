"""Owns alerts: one row per failed check or run, however often the sensor looks."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster
from dagster import DagsterEventType, DagsterRun, DagsterRunStatus, RunsFilter

from orchestration.resources import Contrail, Settings, warehouse_connection

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]

# A tick looks at this many runs at most; the cursor brings the next ones.
RUNS_PER_TICK = 50
FIRST_LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True)
class Alert:
    """A check or run that failed. `check_name` is `run` for a failure that no check explains."""

    run_id: str
    job_name: str
    asset: str
    check_name: str
    reason: str


def alerts_of(run: DagsterRun, events: Iterable[dagster.DagsterEvent]) -> list[Alert]:
    """What one finished run gives alarm for, from its events."""
    alerts: list[Alert] = []
    failure = ""
    for event in events:
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed:
                asset = check.asset_key.to_user_string()
                alerts.append(Alert(run.run_id, run.job_name, asset, check.check_name, _reason(check)))
        elif event.event_type == DagsterEventType.STEP_FAILURE and not failure:
            failure = f"{event.step_key}: {_cause(event)}"
    if run.status == DagsterRunStatus.FAILURE and not alerts:
        alerts.append(Alert(run.run_id, run.job_name, "", "run", failure or "the run failed"))
    return alerts


def raise_alerts(settings: Settings, alerts: list[Alert]) -> None:
    """Write alerts; one that is already there is left as it is."""
    with warehouse_connection(settings) as connection, connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.alert (run_id, job_name, asset, check_name, reason)
            values (%s, %s, %s, %s, %s)
            on conflict do nothing
            """,
            [(a.run_id, a.job_name, a.asset, a.check_name, a.reason) for a in alerts],
        )


def _cause(event: dagster.DagsterEvent) -> str:
    """The innermost error of a failed step: the outer ones only say that it failed."""
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else str(event.message)


def _reason(check: dagster.AssetCheckEvaluation) -> str:
    """The description and the metadata of the check: counts, keys and the failing SQL, never row values."""
    values = {name: str(value.value) for name, value in check.metadata.items()}
    return " ".join(part for part in (check.description or "", json.dumps(values, sort_keys=True)) if part)


@dagster.sensor(
    minimum_interval_seconds=30,
    default_status=dagster.DefaultSensorStatus.RUNNING,
    description="Writes one alert per failed check or run into ops.alert.",
)
def alert(context: dagster.SensorEvaluationContext, contrail: Contrail) -> dagster.SkipReason:
    """Look at the runs that finished since the last tick."""
    since = datetime.fromisoformat(context.cursor) if context.cursor else datetime.now(UTC) - FIRST_LOOK_BACK
    records = context.instance.get_run_records(
        RunsFilter(statuses=FINISHED, updated_after=since), limit=RUNS_PER_TICK, order_by="update_timestamp",
        ascending=True,
    )  # fmt: skip
    found: list[Alert] = []
    for record in records:
        logs = context.instance.all_logs(
            record.dagster_run.run_id,
            of_type={DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.STEP_FAILURE},
        )
        events = [entry.dagster_event for entry in logs if entry.dagster_event]
        found.extend(alerts_of(record.dagster_run, events))
    if found:
        raise_alerts(contrail.settings(), found)
    if records:
        context.update_cursor(records[-1].update_timestamp.isoformat())
    return dagster.SkipReason(f"looked at {len(records)} runs, {len(found)} alerts")

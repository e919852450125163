"""Owns the asset raw/change_log and the sensor that loads whatever landing has finished."""

from pathlib import Path

import dagster

from orchestration.arrival import HEARTBEAT_TOPIC
from orchestration.loading import load, waiting
from orchestration.manifest import Line
from orchestration.resources import Contrail, Settings, warehouse_connection

CHANGE_LOG = dagster.AssetKey(["raw", "change_log"])
SENSOR_SECONDS = 30

lake = dagster.AssetSpec(
    key=["lake", "change_log"],
    group_name="lake",
    kinds={"parquet"},
    owners=["team:data-engineering"],
    description="Immutable Parquet files and their hash-chained manifest, written by the landing flow.",
    tags={"layer": "lake"},
)


@dagster.asset(
    key=CHANGE_LOG,
    deps=[lake],
    group_name="raw",
    kinds={"duckdb", "postgres"},
    owners=["team:data-engineering"],
    tags={"layer": "raw"},
    description="Every captured change, loaded once per Kafka offset. One row per delivered change.",
    pool="raw_load",
    retry_policy=dagster.RetryPolicy(max_retries=3, delay=5, backoff=dagster.Backoff.EXPONENTIAL),
)
def change_log(context: dagster.AssetExecutionContext, contrail: Contrail) -> dagster.MaterializeResult[None]:
    """Load what waits in the lake; a bad file is quarantined and holds only its own topic partition."""
    report = load(contrail.settings(), context.run.run_id)
    for bad in report.quarantined:
        context.log.warning("quarantined %s", bad)
    metadata: dict[str, dagster.MetadataValue | int | str] = {
        "dagster/row_count": report.rows,
        "files": report.files,
        "quarantined": len(report.quarantined),
    }
    if report.max_source_ts:
        metadata["max_source_ts"] = report.max_source_ts.isoformat()
    return dagster.MaterializeResult(metadata=metadata)


@dagster.asset_check(
    asset=CHANGE_LOG,
    name="nothing_quarantined",
    description="No topic partition waits behind a file that was refused.",
)
def nothing_quarantined(contrail: Contrail) -> dagster.AssetCheckResult:
    """Reports and does not block: the other topic partitions go on."""
    with warehouse_connection(contrail.settings()) as connection:
        rows = connection.execute(
            "select topic, partition, reason from raw.quarantine where resolved_at is null "
            "order by topic, partition"
        ).fetchall()
    return dagster.AssetCheckResult(
        passed=not rows,
        severity=dagster.AssetCheckSeverity.WARN,
        metadata={
            "waiting": dagster.MetadataValue.json([f"{topic}-{part}: {why}" for topic, part, why in rows])
        },
    )


load_job = dagster.define_asset_job(
    "load",
    selection=dagster.AssetSelection.assets(CHANGE_LOG).without_checks()
    | dagster.AssetSelection.checks(nothing_quarantined),
    description="Load the lake into the warehouse.",
)


@dagster.sensor(
    job=load_job,
    minimum_interval_seconds=SENSOR_SECONDS,
    default_status=dagster.DefaultSensorStatus.RUNNING,
    description="Loads when the lake's manifest is ahead of the warehouse.",
)
def landed_files(
    context: dagster.SensorEvaluationContext, contrail: Contrail
) -> dagster.RunRequest | dagster.SkipReason:
    """Ask for one load per new end of the lake; heartbeats alone are not worth a run."""
    settings = contrail.settings()
    with warehouse_connection(settings) as connection:
        ahead = waiting(settings, connection)
    if not any(lines[0].topic != HEARTBEAT_TOPIC for lines in ahead.values()):
        return dagster.SkipReason("the warehouse has loaded everything but heartbeats")
    key = run_key(settings, ahead)
    context.update_cursor(key)
    return dagster.RunRequest(run_key=key)


def run_key(settings: Settings, ahead: dict[tuple[str, int], list[Line]]) -> str:
    """The last file, and when the file that each partition waits for was last written.

    A restored file changes the key, so what was quarantined is tried again; an untouched one does not.
    """
    last = max((line for lines in ahead.values() for line in lines), key=lambda line: line.written_at)
    touched = max(_touched(settings.lake, lines[0]) for lines in ahead.values())
    return f"{last.hash[:16]}-{touched}"


def _touched(lake_folder: Path, line: Line) -> int:
    file = lake_folder / line.path if line.path else None
    return file.stat().st_mtime_ns if file and file.exists() else 0

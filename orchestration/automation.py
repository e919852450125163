"""Owns when the warehouse is built: every five minutes if something arrived, and anew every night."""

import dagster
from dagster import AssetSelection, DefaultScheduleStatus

from orchestration.arrival import HEARTBEAT_TOPIC
from orchestration.resources import Contrail, Settings, warehouse_connection

MICRO_BATCH = "*/5 * * * *"
NIGHTLY = "0 3 * * *"

refresh_job = dagster.define_asset_job(
    "refresh",
    selection=AssetSelection.all(),
    description="Load, compare with the source, build and test the models, publish.",
)


@dagster.schedule(
    job=refresh_job,
    cron_schedule=MICRO_BATCH,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Refreshes when changes arrived since the last publication.",
)
def micro_batch(
    context: dagster.ScheduleEvaluationContext, contrail: Contrail
) -> dagster.RunRequest | dagster.SkipReason:
    """Ask for a refresh, unless nothing new is there to publish."""
    if has_news(contrail.settings()):
        return dagster.RunRequest()
    return dagster.SkipReason("nothing has been loaded since the last publication")


@dagster.schedule(
    job=refresh_job,
    cron_schedule=NIGHTLY,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Builds every model anew, as a safety net under the incremental ones.",
)
def nightly_full_build() -> dagster.RunRequest:
    """Ask for a refresh in which no model is incremental."""
    return dagster.RunRequest(run_config={"ops": {"models": {"config": {"full_refresh": True}}}})


def has_news(settings: Settings) -> bool:
    """Whether rows other than heartbeats were loaded after the newest publication."""
    with warehouse_connection(settings) as connection:
        row = connection.execute(
            """
            select exists (
                select 1 from raw.load_manifest
                where row_count > 0 and topic <> %s
                    and loaded_at > coalesce((select max(published_at) from ops.publication), '-infinity')
            )
            """,
            [HEARTBEAT_TOPIC],
        ).fetchone()
    return bool(row and row[0])

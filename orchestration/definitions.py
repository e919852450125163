"""Merges what the modules define; nothing else."""

import dagster

from orchestration.alerts import alert
from orchestration.automation import micro_batch, nightly_full_build, refresh_job
from orchestration.publish import published_marts
from orchestration.raw import change_log, lake, landed_files, load_job, nothing_quarantined
from orchestration.reconciliation import equals_source
from orchestration.resources import Contrail
from orchestration.warehouse import models

definitions = dagster.Definitions(
    assets=[lake, change_log, models, published_marts],
    asset_checks=[equals_source, nothing_quarantined],
    jobs=[load_job, refresh_job],
    schedules=[micro_batch, nightly_full_build],
    sensors=[landed_files, alert],
    resources={"contrail": Contrail()},
    executor=dagster.in_process_executor,
)

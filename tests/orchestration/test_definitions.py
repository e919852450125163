"""Everything Dagster knows, against a written list: a change here is a change users see."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster

from orchestration.definitions import definitions
from orchestration.resources import REPOSITORY

SNAPSHOT = Path(__file__).with_name("definitions.json")
IMPORT_LIMIT_SECONDS = 200


def known() -> dict[str, Any]:
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    assets = {
        key.to_user_string(): {
            "after": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "group": graph.get(key).group_name,
        }
        for key in graph.get_all_asset_keys()
    }
    checks = sorted(f"{c.asset_key.to_user_string()}: {c.name}" for c in graph.asset_check_keys)
    schedules = {
        schedule.name: [schedule.job_name, schedule.cron_schedule] for schedule in repository.schedule_defs
    }
    sensors = {sensor.name: sensor.minimum_interval_seconds for sensor in repository.sensor_defs}
    return {
        "assets": dict(sorted(assets.items())),
        "checks": checks,
        "schedules": schedules,
        "sensors": sensors,
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
    }


def test_assets_checks_and_schedules_are_the_listed_ones() -> None:
    """To accept a change: python -m tests.orchestration.test_definitions"""
    assert known() == json.loads(SNAPSHOT.read_text())


def test_nothing_is_built_before_the_warehouse_equals_its_source() -> None:
    job = definitions.resolve_job_def("refresh")

    waits = job.graph.dependencies
    builds = next(inputs for node, inputs in waits.items() if node.name == "models")

    assert "raw__change_log_equals_source" in str(builds["raw_change_log"])


def test_every_asset_has_an_owner_a_group_and_a_description() -> None:
    graph = definitions.get_repository_def().asset_graph
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        if node.is_materializable:
            assert node.owners, key
            assert node.group_name != "default", key
            assert node.description, key


def test_importing_every_module_needs_no_environment() -> None:
    modules = [path.stem for path in (REPOSITORY / "orchestration").glob("*.py") if path.stem != "__init__"]
    program = ";".join(f"import orchestration.{module}" for module in sorted(modules))

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={"PATH": os.defpath, "HOME": os.devnull},
        capture_output=True,
        text=True,
        timeout=IMPORT_LIMIT_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_the_loader_of_the_sensor_does_not_compare() -> None:
    """Comparing takes a snapshot of the core: that is the refresh's business, not every half minute's."""
    job = definitions.resolve_job_def("load")

    assert sorted(node.name for node in job.nodes) == [
        "raw__change_log",
        "raw__change_log_nothing_quarantined",
    ]
    assert isinstance(job, dagster.JobDefinition)


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(known(), indent=2) + "\n")

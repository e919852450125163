"""Owns one refresh on demand: `python -m orchestration.refresh [--json]`, visible in Dagster like any run."""

import json
import os
import sys
from contextlib import redirect_stdout
from typing import Annotated

import dagster
import typer

from orchestration.alerts import alerts_of
from orchestration.resources import dagster_environment

OK, FAILED, CHECK_FOUND_PROBLEMS = 0, 1, 3


def main(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Build every model anew.")] = False,
) -> None:
    """Load, compare with the source, build, test, publish. Example: python -m orchestration.refresh --json"""
    for name, value in dagster_environment().items():
        os.environ.setdefault(name, value)
    from orchestration.definitions import definitions

    job = definitions.resolve_job_def("refresh")
    config = {
        "ops": {"models": {"config": {"full_refresh": full}}},
        # Steps begin and end at INFO; below that Dagster tells of itself.
        "loggers": {"console": {"config": {"log_level": "INFO"}}},
    }
    # dbt's own words go to the terminal through stdout, which belongs to the report.
    with redirect_stdout(sys.stderr), dagster.DagsterInstance.get() as instance:
        result = job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)
        problems = alerts_of(result.dagster_run, result.all_events)
    _tell(result.run_id, result.success, [f"{p.asset} {p.check_name}: {p.reason}" for p in problems], as_json)
    if result.success:
        raise typer.Exit(OK)
    raise typer.Exit(FAILED if [p.check_name for p in problems] == ["run"] else CHECK_FOUND_PROBLEMS)


def _tell(run_id: str, is_ok: bool, problems: list[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"run_id": run_id, "ok": is_ok, "problems": problems}))
        return
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"refresh {run_id} {'succeeded' if is_ok else 'failed'}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)

"""Start one dataflow with its own recovery store: `python -m pipelines.run <flow>`.

Every flow but landing keeps its positions and state in CONTRAIL_HOME/recovery/<flow>; landing resumes from
the manifest of the lake. Whatever stops a flow ends the process with a non-zero code and one sentence.
Started again, it goes on where the last finished epoch ended, and every write it repeats is idempotent.
"""

import os
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from pipelines.config import PipelineError, Settings

SNAPSHOT_EVERY = timedelta(seconds=1)  # what a restart repeats at most
KEEP_SNAPSHOTS = timedelta(seconds=60)  # so that partitions written at different moments still agree
RECOVERY_PARTITIONS = 4  # fixed for ever: the largest number of processes a flow will have


class Flow(StrEnum):
    LANDING = "landing"
    AVAILABILITY = "availability"
    FRAUD = "fraud"
    NOTIFICATIONS = "notifications"


def main(
    name: Annotated[Flow, typer.Argument(metavar="FLOW", help=" | ".join(Flow))],
    process_id: Annotated[int | None, typer.Option(help="This process, from 0, of several.")] = None,
    addresses: Annotated[str | None, typer.Option(help="host:port of every process, by semicolon.")] = None,
) -> None:
    """Run one dataflow until it is stopped. Example: python -m pipelines.run availability"""
    if (process_id is None) != (addresses is None):
        raise typer.BadParameter("--process-id and --addresses go together")
    os.environ.setdefault("RUST_BACKTRACE", "0")  # a Rust backtrace hides the one sentence that matters
    settings = Settings()
    try:
        _run(name, settings, process_id, addresses.split(";") if addresses else None)
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        print(f"flow {name} stopped: {reason}", file=sys.stderr, flush=True)
        raise typer.Exit(1) from error


def _run(name: Flow, settings: Settings, process_id: int | None, addresses: list[str] | None) -> None:
    from bytewax.recovery import RecoveryConfig
    from bytewax.run import cli_main

    from pipelines import metrics

    metrics.serve(settings, name)
    make: Callable[[Settings], object] = import_module(f"pipelines.{name}.flow").flow
    recovery = None
    if name is not Flow.LANDING:
        store = recovery_store(settings.recovery(name))
        recovery = RecoveryConfig(store, KEEP_SNAPSHOTS)  # type: ignore[no-untyped-call]
    cli_main(  # type: ignore[no-untyped-call]
        make(settings),
        process_id=process_id,
        addresses=addresses,
        epoch_interval=SNAPSHOT_EVERY,
        recovery_config=recovery,
    )


def recovery_store(folder: Path) -> Path:
    """The recovery partitions of a flow, made whole on its first start."""
    from bytewax.recovery import init_db_dir

    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    half_made = folder.with_name(folder.name + ".new")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir()
    init_db_dir(half_made, RECOVERY_PARTITIONS)  # type: ignore[no-untyped-call]
    half_made.rename(folder)
    return folder


def _reason(error: BaseException | None) -> str | None:
    """The sentence behind an error that Bytewax has wrapped, if it is one of ours."""
    while error is not None:
        if isinstance(error, PipelineError):
            return str(error)
        error = error.__cause__ or error.__context__
    return None


if __name__ == "__main__":
    typer.run(main)

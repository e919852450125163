"""`contrail bench`: run the named bench, print its figures as a table or as JSON, and leave them on disk."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.bench.figures import Figure, spread
from deploy.local.errors import StackError
from deploy.local.settings import SettingsError, StackSettings

OK, FAILED, USAGE, BELOW_GOAL = 0, 1, 2, 3
# More than the longest figure with its reference takes.
WHOLE_TABLE_COLUMNS = 200

Progress = Callable[[str], None]
# Each module has `measure(progress, options) -> list[Figure]`; imported only when it is run.
BENCHES = {
    "api": "deploy.bench.api",
    "booking": "deploy.bench.booking",
    "capture": "deploy.bench.capture",
    "search": "deploy.bench.search",
}


@dataclass(frozen=True)
class Options:
    """What a bench may be asked for; one that has no use for an option leaves it alone."""

    # Where to leave a flame graph of the API's first process.
    flame: Path | None = None
    # How many rows the audit log is searched in.
    rows: int = 10_000_000


class BenchFailed(RuntimeError):
    """A bench could not measure; the message says what stood in its way."""


def run(name: str | None, json_output: bool, options: Options | None = None) -> int:
    """Run one bench, or all of them; the exit code. Data goes to stdout, progress to stderr."""
    if name is not None and name not in BENCHES:
        print(f"there is no bench {name}; the benches are: {', '.join(BENCHES)}", file=sys.stderr)
        return USAGE
    codes = [_run_one(chosen, json_output, options or Options()) for chosen in ([name] if name else BENCHES)]
    return max(codes)


def _run_one(name: str, json_output: bool, options: Options) -> int:
    began = time.monotonic()

    def progress(line: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {line}", file=sys.stderr, flush=True)

    try:
        figures: list[Figure] = import_module(BENCHES[name]).measure(progress, options)
    except (BenchFailed, StackError, SettingsError) as error:
        print(f"the bench {name} could not measure: {error}", file=sys.stderr)
        return FAILED
    result: dict[str, object] = {"bench": name, "figures": [figure.to_json() for figure in figures]}
    file = save(result, StackSettings.from_environment().home)
    if json_output:
        print(json.dumps(result))
    else:
        # Into a file or a pipe the table goes whole; only a terminal has an edge to keep to.
        Console(width=None if sys.stdout.isatty() else WHOLE_TABLE_COLUMNS).print(table(name, figures))
    progress(f"figures are in {file}")
    return OK if all(figure.is_ok for figure in figures) else BELOW_GOAL


def save(result: dict[str, object], home: Path) -> Path:
    """Leave the figures in bench/<name>.json under `home`; the file."""
    folder = home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['bench']}.json"
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(result, indent=2) + "\n")
    unfinished.replace(file)
    return file


def table(name: str, figures: list[Figure]) -> Table:
    """Medians with the spread of their rounds, beside the reference and its spread."""
    drawn = Table(title=f"bench {name}: medians of rounds taken side by side")
    for heading in ("figure", "median", "rounds", "goal", "", "reference", "median", "rounds"):
        drawn.add_column(heading, justify="left" if heading in ("figure", "reference", "") else "right")
    for figure in figures:
        sign = "≤" if figure.better == "lower" else "≥"
        reference = figure.reference
        drawn.add_row(
            figure.name,
            f"{figure.value:.4g} {figure.unit}".strip(),
            spread(figure.runs),
            "" if figure.goal is None else f"{sign} {figure.goal:g}",
            "" if figure.goal is None else ("ok" if figure.is_ok else "missed"),
            "" if reference is None else reference.name,
            "" if reference is None else f"{reference.value:.4g}",
            "" if reference is None else spread(reference.runs),
        )
    return drawn

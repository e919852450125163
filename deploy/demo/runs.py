"""What is remembered from run to run: its number, its seed, who was who, and when the present was played."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "demo_runs.json"


@dataclass
class RunRecord:
    """One run. `bookings` holds the ids it made, by label; labels reach the evaluation and nothing else."""

    run: int
    seed: int
    scale: str
    history: bool = False
    present_from: str | None = None
    present_to: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    bookings: dict[str, list[str]] = field(default_factory=dict)
    attack: dict[str, Any] = field(default_factory=dict)


def read_runs(home: Path) -> list[RunRecord]:
    """Every run played on the stack under `home`, the oldest first."""
    try:
        content = json.loads((home / FILE).read_text())
    except FileNotFoundError:
        return []
    return [RunRecord(**entry) for entry in content["runs"]]


def begin_run(home: Path, seed: int, scale: str) -> RunRecord:
    """Take the next number and write it down at once: a run cut short must not share people with the next."""
    runs = read_runs(home)
    record = RunRecord(run=len(runs) + 1, seed=seed, scale=scale)
    save_run(home, record)
    return record


def save_run(home: Path, record: RunRecord) -> None:
    """Write one run's record in its place."""
    runs = [*read_runs(home)[: record.run - 1], record]
    unfinished = home / f"{FILE}.new"
    unfinished.write_text(json.dumps({"runs": [asdict(run) for run in runs]}, indent=1) + "\n")
    unfinished.replace(home / FILE)


def history_is_played(home: Path) -> bool:
    return any(run.history for run in read_runs(home))

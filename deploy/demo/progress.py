"""Progress on stderr: a bar on a terminal, a plain line now and then anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

# Often enough that a log shows life, seldom enough that it stays readable.
PLAIN_LINE_SECONDS = 5.0


class Progress(Protocol):
    def advance(self, steps: int, note: str = "") -> None:
        """Say that so many more steps are done."""


@contextmanager
def progress(title: str, total: int, unit: str) -> Iterator[Progress]:
    """A bar with count and time left for a step of known length."""
    if not sys.stderr.isatty():
        plain = _Plain(title, total, unit)
        yield plain
        plain.finish()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(title, total=total, note="")

        class Bar:
            def advance(self, steps: int, note: str = "") -> None:
                bars.update(task, advance=steps, note=note)

        yield Bar()


class _Plain:
    def __init__(self, title: str, total: int, unit: str) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._done = 0
        self._started = self._said = time.monotonic()

    def advance(self, steps: int, note: str = "") -> None:
        self._done += steps
        if time.monotonic() - self._said >= PLAIN_LINE_SECONDS:
            self._say(note)

    def finish(self) -> None:
        took = time.monotonic() - self._started
        print(f"{self._title}: {self._done:,} {self._unit} in {took:.0f} s", file=sys.stderr, flush=True)

    def _say(self, note: str) -> None:
        self._said = time.monotonic()
        took = self._said - self._started
        left = f", about {took / self._done * (self._total - self._done):.0f} s left" if self._done else ""
        line = f"{self._title}: {self._done:,} of {self._total:,} {self._unit}{left} {note}"
        print(line.rstrip(), file=sys.stderr, flush=True)

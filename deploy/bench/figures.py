"""Owns what a measured figure is: the median of its rounds, its goal, and what it is held against."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Reference:
    """What was measured beside a figure, in the same rounds."""

    name: str
    runs: tuple[float, ...]

    @property
    def value(self) -> float:
        return statistics.median(self.runs)


@dataclass(frozen=True)
class Figure:
    """One named figure; `goal` is None where it is only told."""

    name: str
    unit: str
    better: Better
    runs: tuple[float, ...]
    goal: float | None = None
    reference: Reference | None = field(default=None)

    @property
    def value(self) -> float:
        return statistics.median(self.runs)

    @property
    def is_ok(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    def to_json(self) -> dict[str, object]:
        reference = None
        if self.reference is not None:
            reference = {
                "name": self.reference.name,
                "value": _short(self.reference.value),
                "runs": [_short(run) for run in self.reference.runs],
            }
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "goal": self.goal,
            "better": self.better,
            "ok": self.is_ok,
            "runs": [_short(run) for run in self.runs],
            "reference": reference,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(runs: Sequence[float]) -> str:
    """Lowest to highest, as the table shows it."""
    return f"{_short(min(runs)):g} – {_short(max(runs)):g}"


def _short(value: float) -> float:
    """Four digits that matter; the rest is noise."""
    return float(f"{value:.4g}")

"""Figures: medians, percentiles, goals and the shape that others read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bench.figures import Figure, Reference, percentile, spread

TIMES = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@given(TIMES)
def test_percentile_is_a_measured_value_that_enough_do_not_exceed(values: list[float]) -> None:
    found = percentile(values, 0.99)

    assert found in values
    assert sum(value <= found for value in values) >= 0.99 * len(values)
    assert percentile(values, 1.0) == max(values)


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("better", "goal", "is_ok"),
    [("lower", 10.0, True), ("lower", 9.0, False), ("higher", 10.0, True), ("higher", 11.0, False)],
)
def test_goal_is_met_on_its_better_side(better: str, goal: float, is_ok: bool) -> None:
    figure = Figure("f", "x", "lower" if better == "lower" else "higher", (8.0, 30.0, 10.0), goal)

    assert figure.value == 10.0
    assert figure.is_ok is is_ok


def test_json_has_the_shape_that_is_promised() -> None:
    reference = Reference("pg_recvlogical_p99_ms", (2.0, 1.0, 3.0))
    figure = Figure("commit_to_kafka_p99_ms", "ms", "lower", (20.0, 30.0, 25.123456), 100.0, reference)

    assert figure.to_json() == {
        "name": "commit_to_kafka_p99_ms",
        "value": 25.12,
        "unit": "ms",
        "goal": 100.0,
        "better": "lower",
        "ok": True,
        "runs": [20.0, 30.0, 25.12],
        "reference": {"name": "pg_recvlogical_p99_ms", "value": 2.0, "runs": [2.0, 1.0, 3.0]},
    }


def test_figure_without_a_goal_is_only_told() -> None:
    figure = Figure("commit_to_kafka_p50_ms", "ms", "lower", (1e9,))

    assert figure.is_ok
    assert figure.to_json()["goal"] is None


def test_spread_is_lowest_to_highest() -> None:
    assert spread([3.14159, 1.0, 2.0]) == "1 – 3.142"

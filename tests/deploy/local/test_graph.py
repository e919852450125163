import threading

import pytest

from deploy.local.graph import Unorderable, reversed_order, run_in_order

LIMIT_SECONDS = 5


def test_nothing_begins_before_what_it_waits_for() -> None:
    done: list[str] = []

    run_in_order({"c": ("b",), "b": ("a",), "a": (), "d": ("a", "c")}, done.append)

    assert sorted(done) == ["a", "b", "c", "d"]
    assert done.index("a") < done.index("b") < done.index("c") < done.index("d")


def test_independent_ones_run_at_the_same_time() -> None:
    both = threading.Barrier(2)

    def act(_: str) -> None:
        # Neither can pass the barrier alone.
        both.wait(LIMIT_SECONDS)

    run_in_order({"a": (), "b": ()}, act)


def test_what_is_not_there_is_not_waited_for() -> None:
    done: list[str] = []

    run_in_order({"api": ("migrations",)}, done.append)

    assert done == ["api"]


def test_after_a_failure_nothing_new_begins_and_the_rest_is_abandoned() -> None:
    begun: list[str] = []
    abandoned = threading.Event()

    def act(name: str) -> None:
        begun.append(name)
        if name == "bad":
            raise RuntimeError("bad did not come up")
        assert abandoned.wait(LIMIT_SECONDS)

    with pytest.raises(RuntimeError, match="bad did not come up"):
        run_in_order({"bad": (), "slow": (), "later": ("slow",)}, act, abandoned.set)

    assert sorted(begun) == ["bad", "slow"]


def test_a_circle_is_an_error_and_not_a_hang() -> None:
    with pytest.raises(Unorderable):
        run_in_order({"a": ("b",), "b": ("a",)}, lambda _: None)


def test_reversed_order_waits_for_those_that_waited() -> None:
    assert reversed_order({"kafka": (), "connect": ("kafka",), "flow": ("kafka", "topics")}) == {
        "kafka": {"connect", "flow"},
        "connect": set(),
        "flow": set(),
    }

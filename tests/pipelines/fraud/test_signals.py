"""Joining what is said of a signal, and what an entity scores."""

from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.fraud.observations import Entity
from pipelines.fraud.signals import Signal, join, joined, score_of, span_words
from tests.pipelines.messages import START

DEVICE = Entity("device", "d1")


def signal(
    rule: str = "CT1", *, weight: int = 40, seconds: int = 600, at: float = 0, observed: int = 4,
    mode: str = "review", name: str | None = None, count: int = 4,
) -> Signal:  # fmt: skip
    moment = START + timedelta(seconds=at)
    return Signal(
        signal_id=name or f"{rule}-{seconds}",
        rule_id=rule,
        rule_version=1,
        rule_group=rule.rstrip("0123456789"),
        mode=mode,
        weight=weight,
        entity_kind=DEVICE.kind,
        entity_key=DEVICE.key,
        window_seconds=seconds,
        window_start=moment - timedelta(seconds=seconds),
        window_end=moment,
        observed=observed,
        threshold=4,
        reason="4 cards from one device in 10 min, 1 declined; limit 4",
        event_ids=[f"e{at}"],
        event_count=count,
        first_event_at=moment,
        last_event_at=moment,
        last_commit_at=moment,
    )


SIGNALS = st.builds(
    lambda at, observed, count: signal(at=at, observed=observed, count=count),
    st.integers(0, 5), st.integers(4, 6), st.integers(4, 6),
)  # fmt: skip


@given(SIGNALS, SIGNALS, SIGNALS)
def test_joining_is_commutative_associative_and_idempotent(one: Signal, two: Signal, three: Signal) -> None:
    assert join(one, two) == join(two, one)
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(one, one) == one


def test_the_peak_is_kept_and_the_stretch_of_all_events() -> None:
    early, peak, late = signal(at=0), signal(at=10, observed=7), signal(at=20, observed=5)

    for order in permutations([early, peak, late]):
        (both,) = joined(order).values()
        assert (both.observed, both.window_end) == (7, peak.window_end)
        assert (both.first_event_at, both.last_event_at) == (early.window_end, late.window_end)


def test_one_group_counts_once_with_its_largest_weight() -> None:
    score = score_of(DEVICE, [signal("V1", weight=25), signal("V2", weight=30), signal("CT1", weight=40)])

    assert score is not None
    assert score.score == 70
    assert [reason.rule_id for reason in score.reasons] == ["CT1", "V2"]


def test_a_score_is_at_most_100() -> None:
    score = score_of(DEVICE, [signal(rule, weight=40) for rule in ("A1", "B1", "C1")])

    assert score is not None
    assert score.score == 100


def test_a_signal_matters_for_one_window_after_its_last_event() -> None:
    old = signal("CT1", seconds=600, at=0)
    just_live = signal("S1", weight=30, seconds=1800, at=599)
    later = signal("S1", weight=30, seconds=1800, at=600)

    together, alone = score_of(DEVICE, [old, just_live]), score_of(DEVICE, [old, later])

    assert together is not None
    assert alone is not None
    assert (together.score, alone.score) == (70, 30)
    assert (together.valid_from, together.valid_until) == (START, START + timedelta(seconds=599 + 1800))
    assert [reason.valid_until for reason in together.reasons] == [
        START + timedelta(seconds=600),
        START + timedelta(seconds=599 + 1800),
    ]


def test_a_rule_in_shadow_is_seen_and_does_not_count() -> None:
    assert score_of(DEVICE, [signal(mode="shadow")]) is None
    score = score_of(DEVICE, [signal("S1", weight=30), signal(mode="shadow", at=10_000)])
    assert score is not None
    assert score.score == 30


@given(
    st.permutations([signal("CT1"), signal("V1", at=5), signal("V2", at=9), signal("S1", seconds=60, at=3)])
)
def test_a_score_does_not_depend_on_the_order_of_signals(order: list[Signal]) -> None:
    assert score_of(DEVICE, order) == score_of(DEVICE, order[::-1])


@pytest.mark.parametrize(
    ("seconds", "words"), [(600, "10 min"), (3600, "1 h"), (86400, "24 h"), (90, "90 s")]
)
def test_a_span_is_said_as_a_person_says_it(seconds: int, words: str) -> None:
    assert span_words(seconds) == words


def test_a_signal_survives_json() -> None:
    one = signal()

    assert msgspec.json.decode(msgspec.json.encode(one), type=Signal) == one

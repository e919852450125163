"""From signals to a decision, at and around each threshold."""

import pytest

from app.fraud.rules import MAX_REASONS, decide
from app.fraud.schemas import FraudDecision, Mode, Signal


def signal(weight: int, group: str = "CT", mode: Mode = Mode.REVIEW, name: str = "s1") -> Signal:
    return Signal(name, f"{group}1", group, weight, mode, "4 cards from one device; limit 4", "device")


@pytest.mark.parametrize(
    ("score", "decision"),
    [
        (39, FraudDecision.ALLOW),
        (40, FraudDecision.REVIEW),
        (64, FraudDecision.REVIEW),
        (65, FraudDecision.STEP_UP),
        (84, FraudDecision.STEP_UP),
        (85, FraudDecision.BLOCK),
        (100, FraudDecision.BLOCK),
    ],
)
def test_score_decides_at_its_thresholds(score: int, decision: FraudDecision) -> None:
    assert decide([signal(score)]).decision is decision


def test_nothing_known_is_allowed() -> None:
    decision = decide([])

    assert (decision.decision, decision.score, decision.reasons) == (FraudDecision.ALLOW, 0, [])


def test_group_counts_once_with_its_heaviest_signal() -> None:
    decision = decide([signal(25, "V"), signal(30, "V", name="s2"), signal(40, "CT", name="s3")])

    assert decision.score == 70
    assert [reason["weight"] for reason in decision.reasons] == [40, 30, 25]


def test_sum_stops_at_a_hundred() -> None:
    assert decide([signal(60, "CT"), signal(60, "V", name="s2")]).score == 100


def test_shadow_rule_counts_for_nothing() -> None:
    decision = decide([signal(90, mode=Mode.SHADOW)])

    assert (decision.decision, decision.score, decision.reasons) == (FraudDecision.ALLOW, 0, [])


def test_rule_in_block_mode_blocks_below_the_threshold() -> None:
    assert decide([signal(10, mode=Mode.BLOCK)]).decision is FraudDecision.BLOCK


def test_reasons_are_bounded() -> None:
    assert len(decide([signal(1, name=f"s{i}") for i in range(50)]).reasons) == MAX_REASONS

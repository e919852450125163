"""From signals to a decision."""

from collections.abc import Iterable
from dataclasses import asdict

from app.fraud.schemas import Decision, FraudDecision, Mode, Signal

MAX_SCORE = 100
REVIEW_FROM = 40
STEP_UP_FROM = 65
BLOCK_FROM = 85
# A payment stores this many reasons; more would not be read.
MAX_REASONS = 20


def decide(signals: Iterable[Signal]) -> Decision:
    """The heaviest signal of each rule group counts, once, however many entities carry it.

    A signal of a rule in block mode blocks whatever the sum is."""
    counting = [signal for signal in signals if signal.mode is not Mode.SHADOW]
    heaviest: dict[str, int] = {}
    for signal in counting:
        heaviest[signal.rule_group] = max(heaviest.get(signal.rule_group, 0), signal.weight)
    score = min(MAX_SCORE, sum(heaviest.values()))
    is_blocked = any(signal.mode is Mode.BLOCK for signal in counting)
    decision = FraudDecision.BLOCK if is_blocked else _by_score(score)
    counting.sort(key=lambda signal: (-signal.weight, signal.signal_id))
    return Decision(decision, score, [asdict(signal) for signal in counting[:MAX_REASONS]])


def _by_score(score: int) -> FraudDecision:
    if score >= BLOCK_FROM:
        return FraudDecision.BLOCK
    if score >= STEP_UP_FROM:
        return FraudDecision.STEP_UP
    if score >= REVIEW_FROM:
        return FraudDecision.REVIEW
    return FraudDecision.ALLOW

"""What fraud tells the domains above it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FraudDecision(StrEnum):
    ALLOW = "allow"
    REVIEW = "review"
    STEP_UP = "step_up"
    BLOCK = "block"


class Mode(StrEnum):
    """What a rule may cause. A shadow rule is watched and counts for nothing."""

    SHADOW = "shadow"
    REVIEW = "review"
    BLOCK = "block"


@dataclass(frozen=True)
class Signal:
    """One live signal on one of the entities behind a payment."""

    signal_id: str
    rule_id: str
    rule_group: str
    weight: int
    mode: Mode
    reason: str
    entity_kind: str


@dataclass(frozen=True)
class Decision:
    """`reasons` is what a payment stores: one object a signal that counted, the heaviest first."""

    decision: FraudDecision
    score: int
    reasons: list[dict[str, Any]]

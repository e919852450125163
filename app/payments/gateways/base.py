"""What every payment provider must be able to do. A key is the caller's name for one movement of money:
repeating a call under the same key never moves money twice."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

# Longer than a provider takes, shorter than a traveller waits. After it the result is unknown, not failed.
GATEWAY_LIMIT = timedelta(seconds=5)


class ChargeStatus(StrEnum):
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"


@dataclass(frozen=True)
class Card:
    """What may be known of a card without its number. The fingerprint is hashed before it is kept."""

    fingerprint: str
    country: str
    brand: str
    last4: str


@dataclass(frozen=True)
class Charge:
    status: ChargeStatus
    reference: str
    decline_code: str | None


@dataclass(frozen=True)
class GatewayRefund:
    is_done: bool
    reference: str | None


class ResultUnknown(Exception):
    """The provider was asked and did not answer: the money may or may not have moved."""


class Gateway(Protocol):
    """Each call raises ResultUnknown when no answer came within GATEWAY_LIMIT."""

    name: str

    async def look_up(self, token: str) -> Card | None: ...

    async def charge(self, key: str, token: str, amount_minor: int, currency: str) -> Charge: ...

    async def settle(self, key: str) -> Charge:
        """What became of a key. One that never arrived is voided, so that it can never be charged."""
        ...

    async def refund(self, key: str, charge_key: str, amount_minor: int) -> GatewayRefund: ...

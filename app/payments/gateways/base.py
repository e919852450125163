"""What every payment provider must be able to do. A key is the caller's name for one movement of money:
repeating a call under the same key never moves money twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

# Longer than a provider takes, shorter than a traveller waits. After it the result is unknown, not failed.
GATEWAY_LIMIT = timedelta(seconds=5)


class ChargeStatus(StrEnum):
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"


class RefundResult(StrEnum):
    IN_TRANSIT = "in_transit"
    DONE = "done"
    FAILED = "failed"


class DisputeResult(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class Card:
    """What may be known of a card without its number. The fingerprint is hashed before it is kept."""

    fingerprint: str
    country: str | None
    brand: str | None
    last4: str | None


@dataclass(frozen=True)
class ChargeOrder:
    """Money to be asked for. Without a token nothing can be taken, only looked up."""

    key: str
    amount_minor: int
    currency: str
    token: str | None = None
    return_url: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Charge:
    """What stands under a key. With REQUIRES_ACTION the customer is to be sent to `action_url`."""

    status: ChargeStatus
    reference: str
    decline_code: str | None = None
    action_url: str | None = None


@dataclass(frozen=True)
class GatewayRefund:
    result: RefundResult
    reference: str | None = None


@dataclass(frozen=True)
class ChargeNotice:
    """A provider tells of a charge, by our key for it or by its own reference."""

    charge: Charge
    key: str | None
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class RefundNotice:
    refund: GatewayRefund
    key: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class DisputeNotice:
    """A cardholder's bank takes money back, or has decided about it."""

    result: DisputeResult
    reference: str
    charge_key: str | None
    charge_reference: str | None
    amount_minor: int
    currency: str
    reason: str


@dataclass(frozen=True)
class LookAgain:
    """Something happened to a charge that has to be asked for: its customer has approved it."""

    key: str


Notice = ChargeNotice | RefundNotice | DisputeNotice | LookAgain


@dataclass(frozen=True)
class GatewayEvent:
    """One verified webhook. `notice` is None for what does not concern us."""

    id: str
    type: str
    notice: Notice | None


class ResultUnknown(Exception):
    """The provider was asked and did not answer: the money may or may not have moved."""


class NotAsked(ResultUnknown):
    """The provider was surely not asked: its breaker is open, or nothing listens. No money moved."""


class SignatureInvalid(Exception):
    """A webhook that the provider did not sign, or signed too long ago."""


class Gateway(Protocol):
    """Each call raises ResultUnknown when no answer came within GATEWAY_LIMIT."""

    name: str

    async def look_up(self, token: str) -> Card | None: ...

    async def authorise(self, order: ChargeOrder) -> Charge:
        """Set the money aside; it moves when it is captured."""
        ...

    async def capture(self, order: ChargeOrder) -> Charge:
        """Take what was set aside. What is captured already stays so."""
        ...

    async def charge(self, order: ChargeOrder) -> Charge:
        """Set aside and take at once. Where the customer must act first, the money is only set aside."""
        ...

    async def void(self, order: ChargeOrder) -> Charge:
        """Let go what was set aside, or make sure that a key never heard of will never be charged."""
        ...

    async def settle(self, order: ChargeOrder) -> Charge:
        """What became of a key. One that never arrived is voided, so that it can never be charged."""
        ...

    async def refund(self, key: str, charge: ChargeOrder, amount_minor: int) -> GatewayRefund:
        """Pay back part or all of a captured charge, under a key of the refund's own."""
        ...

    async def read_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        """What a webhook says, once it is known to be the provider's. Raises SignatureInvalid, ValueError."""
        ...

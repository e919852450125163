"""A breaker before each provider: one that keeps failing is left alone for a while, and callers are told at
once instead of waiting five seconds each."""

from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import TypeVar

from prometheus_client import Counter, Gauge
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.messages import Event
from purgatory.domain.messages.events import ContextChanged
from purgatory.domain.model import OpenedState

from app.payments.gateways.base import (
    Card,
    Charge,
    ChargeOrder,
    Gateway,
    GatewayEvent,
    GatewayRefund,
    NotAsked,
    ResultUnknown,
)

# So many calls without an answer in a row, and the provider is down rather than slow.
FAILURES_TO_OPEN = 5
# Until one call may try whether it is back.
OPEN_SECONDS = 10.0

CALLS = Counter("contrail_gateway_calls", "Calls of payment providers", ["gateway", "call", "outcome"])
IS_OPEN = Gauge("contrail_gateway_breaker_open", "1 while calls of a provider are held back", ["gateway"])

Answer = TypeVar("Answer")


@lru_cache
def _breakers() -> AsyncCircuitBreakerFactory:
    """One set a process. What is not ResultUnknown is an answer, and so no failure of the provider."""
    breakers = AsyncCircuitBreakerFactory(
        default_threshold=FAILURES_TO_OPEN,
        default_ttl=OPEN_SECONDS,
        exclude=[(Exception, lambda error: not isinstance(error, ResultUnknown))],
    )
    breakers.add_listener(_note_state)
    return breakers


def _note_state(gateway: str, kind: str, event: Event) -> None:
    if isinstance(event, ContextChanged):
        IS_OPEN.labels(gateway).set(1 if event.state == "opened" else 0)


def forget_failures() -> None:
    """Close every breaker, as a new process would find them."""
    _breakers.cache_clear()


class GuardedGateway:
    """A provider behind its breaker. Raises NotAsked while the breaker is open."""

    def __init__(self, inner: Gateway) -> None:
        self._inner = inner
        self.name = inner.name

    async def look_up(self, token: str) -> Card | None:
        return await self._ask("look_up", self._inner.look_up(token))

    async def authorise(self, order: ChargeOrder) -> Charge:
        return await self._ask("authorise", self._inner.authorise(order))

    async def capture(self, order: ChargeOrder) -> Charge:
        return await self._ask("capture", self._inner.capture(order))

    async def charge(self, order: ChargeOrder) -> Charge:
        return await self._ask("charge", self._inner.charge(order))

    async def void(self, order: ChargeOrder) -> Charge:
        return await self._ask("void", self._inner.void(order))

    async def settle(self, order: ChargeOrder) -> Charge:
        return await self._ask("settle", self._inner.settle(order))

    async def refund(self, key: str, charge: ChargeOrder, amount_minor: int) -> GatewayRefund:
        return await self._ask("refund", self._inner.refund(key, charge, amount_minor))

    async def read_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        """Not guarded: a webhook is the provider's call, not ours."""
        return await self._inner.read_event(headers, body)

    async def _ask(self, call: str, asking: Awaitable[Answer]) -> Answer:
        outcome = "unknown"
        try:
            async with await _breakers().get_breaker(self.name):
                answer = await asking
            outcome = "answered"
        except OpenedState:
            outcome = "held_back"
            raise NotAsked("its breaker is open") from None
        except NotAsked:
            outcome = "unreachable"
            raise
        finally:
            _close_unasked(asking)
            CALLS.labels(self.name, call, outcome).inc()
        return answer


def _close_unasked(asking: Awaitable[object]) -> None:
    """A call that was held back has never begun, and must not be left as if it might."""
    close = getattr(asking, "close", None)
    if close is not None:
        close()

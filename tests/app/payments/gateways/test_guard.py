"""The breaker before a provider: it opens, holds back, lets one try, and tells of itself."""

from collections.abc import Iterator, Mapping

import pytest
import time_machine
from prometheus_client import REGISTRY

from app.payments.errors import CardUnknown
from app.payments.gateways import guard
from app.payments.gateways.base import (
    Card,
    Charge,
    ChargeOrder,
    ChargeStatus,
    GatewayEvent,
    GatewayRefund,
    NotAsked,
    RefundResult,
    ResultUnknown,
)
from app.payments.gateways.guard import FAILURES_TO_OPEN, OPEN_SECONDS, GuardedGateway

pytestmark = [pytest.mark.anyio]

ORDER = ChargeOrder("pay_1", 100, "USD", "tok")


class Moody:
    """A provider that answers, or does not, or refuses, as the test says."""

    name = "moody"

    def __init__(self) -> None:
        self.mood: Exception | None = None
        self.asked = 0

    def _answer(self) -> None:
        self.asked += 1
        if self.mood is not None:
            raise self.mood

    async def look_up(self, token: str) -> Card | None:
        self._answer()
        return None

    async def charge(self, order: ChargeOrder) -> Charge:
        self._answer()
        return Charge(ChargeStatus.CAPTURED, "ch")

    authorise = capture = void = settle = charge

    async def refund(self, key: str, charge: ChargeOrder, amount_minor: int) -> GatewayRefund:
        self._answer()
        return GatewayRefund(RefundResult.DONE)

    async def read_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        self._answer()
        return GatewayEvent("evt", "x", None)


@pytest.fixture
def moody() -> Iterator[Moody]:
    guard.forget_failures()
    yield Moody()
    guard.forget_failures()


def is_open() -> float | None:
    return REGISTRY.get_sample_value("contrail_gateway_breaker_open", {"gateway": "moody"})


async def fail_until_open(moody: Moody, guarded: GuardedGateway) -> None:
    moody.mood = ResultUnknown("silent")
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(ResultUnknown):
            await guarded.charge(ORDER)


async def test_provider_that_keeps_silent_is_left_alone_and_tried_again_later(moody: Moody) -> None:
    guarded = GuardedGateway(moody)
    with time_machine.travel(1_000_000.0, tick=False) as clock:
        await fail_until_open(moody, guarded)
        assert is_open() == 1
        for _ in range(3):
            with pytest.raises(NotAsked):
                await guarded.look_up("tok")
        assert moody.asked == FAILURES_TO_OPEN

        moody.mood = None
        clock.shift(OPEN_SECONDS + 1)
        assert (await guarded.charge(ORDER)).status is ChargeStatus.CAPTURED

    assert (moody.asked, is_open()) == (FAILURES_TO_OPEN + 1, 0)


async def test_provider_that_is_still_silent_is_left_alone_again(moody: Moody) -> None:
    guarded = GuardedGateway(moody)
    with time_machine.travel(1_000_000.0, tick=False) as clock:
        await fail_until_open(moody, guarded)
        clock.shift(OPEN_SECONDS + 1)
        with pytest.raises(ResultUnknown):
            await guarded.settle(ORDER)
        with pytest.raises(NotAsked):
            await guarded.settle(ORDER)


async def test_refusals_are_answers_and_open_nothing(moody: Moody) -> None:
    guarded = GuardedGateway(moody)
    moody.mood = CardUnknown()

    for _ in range(FAILURES_TO_OPEN * 2):
        with pytest.raises(CardUnknown):
            await guarded.refund("ref_1", ORDER, 1)

    assert moody.asked == FAILURES_TO_OPEN * 2


async def test_one_answer_in_between_begins_the_count_anew(moody: Moody) -> None:
    guarded = GuardedGateway(moody)
    for _ in range(FAILURES_TO_OPEN * 2):
        moody.mood = ResultUnknown("silent")
        for _ in range(FAILURES_TO_OPEN - 1):
            with pytest.raises(ResultUnknown):
                await guarded.void(ORDER)
        moody.mood = None
        await guarded.capture(ORDER)


async def test_webhooks_are_read_while_the_breaker_is_open(moody: Moody) -> None:
    guarded = GuardedGateway(moody)
    await fail_until_open(moody, guarded)
    moody.mood = None

    assert (await guarded.read_event({}, b"")).id == "evt"

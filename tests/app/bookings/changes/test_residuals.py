"""What is left over after a change: money where the fare gives money back, else travel credit."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.bookings.changes.rules import residual_to
from app.bookings.rules import RefundConditions
from app.payments.schemas import RefundTo
from app.pricing import service as pricing
from tests.app.bookings.changes.test_changes import confirm_change, quote_change, ticketed
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    departing,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture
def not_refundable(owner: Owner) -> Iterator[None]:
    """Flex may be changed and gives no money back, for as long as the test goes on."""
    owner.execute(
        "update app.fare_products set refund_allowed = false, refund_penalty_minor = null "
        "where brand = 'Flex'"
    )
    pricing._read_at = float("-inf")
    yield
    owner.execute(
        "update app.fare_products set refund_allowed = true, refund_penalty_minor = 0 where brand = 'Flex'"
    )
    pricing._read_at = float("-inf")


async def cheaper(
    traveller: Traveller, owner: Owner, at: Traveller
) -> tuple[dict[str, Any], dict[str, Any], httpx2.Response]:
    """A booking changed for a cheaper flight: it, the quote, and the answer."""
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, brand="Flex")
    change = await quote_change(at, booking, await at.offer(new, brand="Standard"))
    answer = await confirm_change(at, change, token=None)
    assert answer.status_code == 200, answer.text
    assert counters(owner, new) == (0, 1)
    assert_money_is_conserved(owner, booking)
    return booking, change, answer


async def test_a_fare_without_refunds_gives_credit_for_what_is_left(
    traveller: Traveller, owner: Owner, not_refundable: None
) -> None:
    _, change, answer = await cheaper(traveller, owner, traveller.after_the_void_window())

    assert change["residual_to"] == "travel_credit"
    assert change["residual"]["amount_minor"] > 0
    (refund,) = answer.json()["refunds"]
    (credit,) = (await traveller.get("/v1/travel-credits")).json()["data"]
    assert (refund["status"], refund["travel_credit_id"]) == ("done", credit["id"])
    assert credit["left"] == change["residual"]


async def test_within_a_day_of_the_purchase_it_is_money(
    traveller: Traveller, owner: Owner, not_refundable: None
) -> None:
    _, change, answer = await cheaper(traveller, owner, traveller)

    assert change["residual_to"] == "payment"
    assert [refund["travel_credit_id"] for refund in answer.json()["refunds"]] == [None]
    assert (await traveller.get("/v1/travel-credits")).json()["data"] == []


async def test_what_was_quoted_holds_though_the_day_is_over_when_it_is_confirmed(
    traveller: Traveller, owner: Owner, not_refundable: None
) -> None:
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, brand="Flex")
    bought = scalar(owner, "select max(ticketed_at) from app.bookings where user_id = %s", traveller.user_id)
    last_minute = traveller.at(bought.astimezone(UTC) + timedelta(hours=24) - timedelta(minutes=1))
    change = await quote_change(last_minute, booking, await last_minute.offer(new, brand="Standard"))

    after = last_minute.at(datetime.fromisoformat(change["quoted_at"]) + timedelta(minutes=5))
    answer = await confirm_change(after, change, token=None)

    assert (answer.status_code, answer.json()["residual_to"]) == (200, "payment"), answer.text
    assert (await traveller.get("/v1/travel-credits")).json()["data"] == []
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize(
    ("allowed", "is_free", "expected"),
    [
        (True, False, RefundTo.PAYMENT),
        (False, False, RefundTo.TRAVEL_CREDIT),
        (None, False, RefundTo.TRAVEL_CREDIT),
        (False, True, RefundTo.PAYMENT),
        (None, True, RefundTo.PAYMENT),
    ],
)
def test_what_a_fare_does_not_state_it_does_not_pay_back(
    allowed: bool | None, is_free: bool, expected: RefundTo
) -> None:
    assert residual_to(RefundConditions(allowed, None), is_free=is_free) is expected

"""Results that come after the answer: late, after an action of the customer, after the hold has died."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from app.bookings import service
from app.payments import asking
from app.payments.schemas import Attempt
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
    event_types,
    key_of,
    new_traveller,
)
from tests.app.bookings.webhooks.deliveries import (
    approve,
    ask,
    deliver_all,
    deliveries_of,
    let_hold_die,
    payment_of,
    succeed,
    sweep,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def test_customer_who_passes_the_banks_check_is_ticketed_by_the_webhook(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)

    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    assert (waiting["status"], waiting["next_action"]["type"]) == ("requires_action", "redirect")
    assert (await traveller.read(booking))["status"] == "held"
    approve(gateway, waiting)
    assert await deliver_all(traveller.client, gateway, waiting) == ["applied"]

    paid = await payment_of(traveller, waiting)
    assert (paid["status"], paid["next_action"]) == ("captured", None)
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert event_types(owner, booking).count("PaymentAuthorised") == 1
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize("token", ["tok_3ds_US_card", "tok_3ds_fail_US_card"])
async def test_customer_who_fails_the_banks_check_may_pay_with_another_card(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, token: str
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, token)
    approve(gateway, waiting, approve="fail" in token)

    await deliver_all(traveller.client, gateway, waiting)

    failed = await payment_of(traveller, waiting)
    assert (failed["status"], failed["decline_code"]) == ("failed", "authentication_failed")
    assert (await traveller.pay(booking))["status"] == "captured"
    assert_money_is_conserved(owner, booking)


async def test_success_that_comes_later_is_told_by_a_webhook(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    pending = await traveller.pay(booking, "tok_late_US_card")
    assert pending["status"] == "created"
    assert deliveries_of(gateway, pending) == []

    ask(gateway, pending, "bring-about")
    await deliver_all(traveller.client, gateway, pending)

    assert (await payment_of(traveller, pending))["status"] == "captured"
    assert (await traveller.read(booking))["status"] == "ticketed"


@pytest.mark.parametrize("token", ["tok_late_US_card", "tok_3ds_US_card"])
@pytest.mark.parametrize("swept", [True, False])
async def test_success_after_the_hold_died_takes_the_seats_again(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, token: str, swept: bool
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    waiting = await traveller.pay(booking, token)
    await let_hold_die(owner, booking, swept=swept)

    await succeed(gateway, waiting)
    await deliver_all(traveller.client, gateway, waiting)

    assert (await payment_of(traveller, waiting))["status"] == "captured"
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize(
    ("token", "ends_as"), [("tok_late_US_card", "refunded"), ("tok_3ds_US_card", "voided")]
)
async def test_success_that_finds_no_seat_is_paid_back_or_never_taken(
    traveller: Traveller,
    client: httpx2.AsyncClient,
    owner: Owner,
    gateway: GatewayProcess,
    token: str,
    ends_as: str,
) -> None:
    """Money that moved goes back; money that was only set aside is let go."""
    departure = departing(owner, seats={"Y": 1})
    booking = await traveller.book(departure)
    waiting = await traveller.pay(booking, token)
    quick = new_traveller(client, owner)
    offer = await quick.offer(departure)
    await let_hold_die(owner, booking, swept=False)
    taken = (await quick.post("/v1/bookings", booking_request(offer))).json()
    assert (await quick.pay(taken))["status"] == "captured"

    await succeed(gateway, waiting)
    await deliver_all(traveller.client, gateway, waiting)

    after = await payment_of(traveller, waiting)
    assert after["status"] == ends_as
    at_provider = httpx2.get(f"{gateway.url}/v1/charges/{waiting['id']}").json()
    assert (at_provider["status"] == "voided") == (ends_as == "voided")
    await sweep()
    assert (await traveller.read(booking))["status"] == "expired"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_slow_refund_is_on_its_way_until_a_webhook_says_it_is_done(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    payment = await traveller.pay(booking, "tok_refund_slow_US_card")
    confirmed = await traveller.confirm(await traveller.quote(booking))
    assert confirmed.json()["refund"]["status"] in ("created", "in_transit")
    assert (await payment_of(traveller, payment))["status"] == "captured"

    ask(gateway, payment, "bring-about")
    assert await deliver_all(traveller.client, gateway, payment) == ["applied"]

    assert (await payment_of(traveller, payment))["status"] == "refunded"
    assert_money_is_conserved(owner, booking)


async def test_customer_who_leaves_at_the_banks_check_is_let_go_after_a_while(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    age_attempts(owner, booking)
    await service.resolve_stuck_payments()
    assert (await payment_of(traveller, waiting))["status"] == waiting["status"]
    for _ in range(15):
        age_attempts(owner, booking)

    await service.resolve_stuck_payments()

    left = await payment_of(traveller, waiting)
    assert (left["status"], left["decline_code"]) == ("voided", "action_not_taken")
    assert httpx2.get(f"{gateway.url}/v1/charges/{waiting['id']}").json()["status"] == "voided"


async def test_lost_webhook_of_a_passed_check_is_made_up_for_by_the_chore(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    approve(gateway, waiting)
    for _ in range(16):
        age_attempts(owner, booking)

    await asyncio.gather(service.resolve_stuck_payments(), service.resolve_stuck_payments())

    assert (await payment_of(traveller, waiting))["status"] == "captured"
    assert event_types(owner, booking).count("PaymentSucceeded") == 1
    assert_money_is_conserved(owner, booking)


async def test_late_result_of_a_played_history_comes_at_that_histories_time(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    """To the wall clock the hold has been dead for nine days."""
    past = datetime.now(UTC) - timedelta(days=9)
    booking = await traveller.at(past).book(departing(owner))
    waiting = await traveller.at(past).pay(booking, "tok_late_US_card")
    ask(gateway, waiting, "bring-about")

    await deliver_all(traveller.client, gateway, waiting)

    ticketed = await traveller.at(past + timedelta(minutes=1)).read(booking)
    assert ticketed["status"] == "ticketed"
    assert datetime.fromisoformat(ticketed["confirmed_at"]) - past < timedelta(minutes=15)
    assert event_types(owner, booking).count("HoldExpired") == 0


async def test_gateway_that_is_silent_at_the_capture_is_asked_again_by_the_chore(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process killed between the two looks the same: set aside, and nobody has taken it."""
    booking = await traveller.book(departing(owner))
    waiting = await traveller.pay(booking, "tok_3ds_US_card")
    approve(gateway, waiting)

    async def no_answer(_: Attempt) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(asking, "capture", no_answer)
        await deliver_all(traveller.client, gateway, waiting)
    assert (await payment_of(traveller, waiting))["status"] == "authorised"
    owner.execute(
        "update app.payments set updated_at = now() - interval '61 seconds' where booking_id = %s",
        (key_of(booking),),
    )

    assert await service.resolve_stuck_payments() == 1

    assert (await payment_of(traveller, waiting))["status"] == "captured"
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert_money_is_conserved(owner, booking)

"""Many bookings live at random, some at once; whatever they did, money and seats add up."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx2
import pytest

from app.bookings import service
from app.core.db import transaction
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    counters,
    departing,
    key_of,
    kill_hold,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

LIVES = 16
AT_ONCE = 4
TOKENS = ("tok_ok_US_a", "tok_ok_GB_b", "tok_declined_US_c", "tok_timeout_US_d")
PARTIES = (("adult",), ("adult", "adult"), ("adult", "child", "infant"))


@pytest.mark.parametrize("seed", [20261123])
async def test_money_and_seats_add_up_after_any_lives(
    client: httpx2.AsyncClient,
    owner: Owner,
    gateway: GatewayProcess,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    print(f"seed {seed}")
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))
    departure = departing(owner)
    gate = asyncio.Semaphore(AT_ONCE)

    async def live(number: int) -> dict[str, Any]:
        async with gate:
            return await one_life(new_traveller(client, owner), owner, departure, Random(seed + number))

    booked = await asyncio.gather(*(live(number) for number in range(LIVES)))
    for booking in booked:
        age_attempts(owner, booking)
    await service.resolve_stuck_payments()
    async with transaction() as session:
        await service.expire_dead_holds(session, datetime.now(UTC) + timedelta(hours=1))

    for booking in booked:
        assert_money_is_conserved(owner, booking)
    sold = scalar(
        owner,
        "select count(*) from app.coupons c join app.passengers p on p.id = c.passenger_id "
        "where c.flight_id = %s and c.status = 'open' and p.type <> 'infant'",
        departure.flight_id,
    )
    assert counters(owner, departure) == (0, sold)
    assert {status_of(owner, booking) for booking in booked} >= {"ticketed", "cancelled", "expired"}


async def one_life(traveller: Traveller, owner: Owner, departure: Any, random: Random) -> dict[str, Any]:
    booking = await traveller.book(departure, random.choice(PARTIES), random.choice(["Flex", "Basic"]))
    for _ in range(random.randint(0, 2)):
        path = f"/v1/bookings/{booking['id']}/payments"
        body = {"gateway": "sandbox", "card_token": random.choice(TOKENS)}
        answer = await traveller.post(path, body)
        assert answer.status_code in (201, 202, 409), answer.text
    if random.random() < 0.3:
        kill_hold(owner, booking)
    if random.random() < 0.5:
        quote = await traveller.post(f"/v1/bookings/{booking['id']}/cancellations")
        assert quote.status_code in (201, 409), quote.text
        if quote.status_code == 201:
            assert (await traveller.confirm(quote.json())).status_code == 200
    return booking


def status_of(owner: Owner, booking: dict[str, Any]) -> str:
    return str(scalar(owner, "select status from app.bookings where id = %s", key_of(booking)))

"""Holds that died are swept up, once, at any time after."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.bookings import service
from app.core.db import transaction
from tests.app.bookings.travellers import (
    Traveller,
    counters,
    departing,
    event_types,
    key_of,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def sweep(now: datetime, limit: int = 200) -> int:
    async with transaction() as session:
        return await service.expire_dead_holds(session, now, limit)


async def test_hold_expires_at_its_time_and_gives_its_seats_back(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, ("adult", "adult", "infant"))
    deadline = datetime.fromisoformat(booking["payment_required_by"])

    await sweep(deadline - timedelta(microseconds=1))
    assert counters(owner, departure) == (2, 0)
    await sweep(deadline + timedelta(minutes=7))
    await sweep(deadline + timedelta(minutes=8))

    assert counters(owner, departure) == (0, 0)
    expired = await traveller.read(booking)
    assert (expired["status"], expired["available_actions"]) == ("expired", [])
    assert {item["status"] for item in expired["items"]} == {"cancelled"}
    assert event_types(owner, booking) == ["BookingCreated", "HoldExpired"]
    told = owner.execute(
        "select occurred_at, payload ->> 'seats', subject_id is not null from app.domain_events "
        "where booking_id = %s and type = 'HoldExpired'",
        (key_of(booking),),
    ).fetchone()
    assert told == (deadline, "2", True)


async def test_sweeps_at_once_expire_each_hold_once(traveller: Traveller, owner: Owner) -> None:
    departures = [departing(owner) for _ in range(2)]
    booked = [await traveller.book(departure) for departure in departures for _ in range(3)]
    after = max(datetime.fromisoformat(booking["payment_required_by"]) for booking in booked)

    await asyncio.gather(*(sweep(after) for _ in range(4)))

    assert [counters(owner, departure) for departure in departures] == [(0, 0), (0, 0)]
    told = scalar(
        owner,
        "select count(*) from app.domain_events where type = 'HoldExpired' and booking_id = any(%s)",
        [key_of(booking) for booking in booked],
    )
    assert told == len(booked)


async def test_sweep_stops_at_its_limit(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booked = [await traveller.book(departure) for _ in range(3)]
    after = max(datetime.fromisoformat(booking["payment_required_by"]) for booking in booked)
    while await sweep(datetime.fromisoformat(booked[0]["payment_required_by"]) - timedelta(seconds=1)):
        continue

    assert await sweep(after, limit=2) == 2
    assert await sweep(after, limit=2) == 1
    assert await sweep(after, limit=2) == 0


async def test_simulated_booking_expires_as_a_simulated_event(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    past = departure.departs_at - timedelta(days=24)
    booking = await traveller.at(past).book(departure)

    await sweep(past + timedelta(hours=1))

    kinds = owner.execute(
        "select type, simulated, occurred_at from app.domain_events where booking_id = %s order by id",
        (key_of(booking),),
    ).fetchall()
    assert kinds == [
        ("BookingCreated", True, past),
        ("HoldExpired", True, past + timedelta(minutes=15)),
    ]

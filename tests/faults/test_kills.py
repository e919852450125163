"""kill -9 of every part while bookings go on: it comes back by itself and nothing answered is lost."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.load import BookingLoad
from tests.settled import wait_until_availability_equals_recount, wait_until_mail_is_delivered
from tests.stack import Stack, wait_until

VICTIMS = (
    "connect", "flow-landing", "flow-availability", "flow-fraud", "flow-notifications", "kafka",
    "postgres-core",
)  # fmt: skip
BACK_LIMIT_SECONDS = 60
# So that every kill falls into a time with bookings before and after it.
BOOKINGS_BETWEEN_KILLS = 6

# Longer than all the limited waits inside together, so that what is told is which wait was in vain.
pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


def kill(stack: Stack, service: str) -> None:
    """SIGKILL one service, and wait until its supervisor runs another in its place."""
    killed = stack.pid(service)
    assert killed is not None, f"{service} was not running"
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        return stack.pid(service) not in (None, killed)

    wait_until(f"{service} to come back", is_back, BACK_LIMIT_SECONDS)


def suffer(stack: Stack, victims: tuple[str, ...]) -> BookingLoad:
    """Kill the victims in turn under one load of bookings that never pauses."""
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    load = BookingLoad(stack, ("JFK", "LAX", tomorrow))
    with load:
        for victim in victims:
            wait_for_bookings(load)
            kill(stack, victim)
        wait_for_bookings(load)
    return load


def wait_for_bookings(load: BookingLoad) -> None:
    target = len(load.answered.captured) + BOOKINGS_BETWEEN_KILLS

    def booked() -> bool:
        return len(load.answered.captured) >= target or bool(load.answered.failures)

    wait_until(f"{BOOKINGS_BETWEEN_KILLS} more paid bookings", booked)
    assert load.answered.failures == []


def assert_nothing_was_lost(stack: Stack, load: BookingLoad) -> None:
    answered = load.answered
    assert answered.failures == []
    with stack.client() as client:
        for booking_id, token in answered.bookings.items():
            booking = client.get(f"/v1/bookings/{booking_id}", headers={"authorization": f"Bearer {token}"})
            assert booking.status_code == 200, (booking_id, booking.text)
            if booking_id in answered.captured:
                assert booking.json()["status"] == "ticketed", booking.text
    wait_until_availability_equals_recount(stack)
    wait_until_mail_is_delivered(stack)
    assert_reconciled(stack)
    stack.run("pipelines.landing.manifest", "verify")


def assert_reconciled(stack: Stack) -> None:
    report = json.loads(stack.contrail("reconcile", "--json", check=False).stdout)
    wrong = [t for t in report["tables"] if t["missing"] or t["extra"] or t["different"]]
    assert report["ok"], wrong
    assert wrong == []
    assert {"bookings", "payments", "cabin_inventories"} <= {t["table"] for t in report["tables"]}


def test_everything_killed_in_turn_under_one_load(stack: Stack) -> None:
    load = suffer(stack, VICTIMS)

    assert_nothing_was_lost(stack, load)


@pytest.mark.drill
@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_alone(stack: Stack, victim: str) -> None:
    load = suffer(stack, (victim,))

    assert_nothing_was_lost(stack, load)

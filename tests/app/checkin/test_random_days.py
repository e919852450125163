"""Days at the gate made of random steps: whatever was done, in whatever order, what must hold holds."""

import random
from typing import Any

import pytest

from tests.app.bookings.travellers import Traveller
from tests.app.checkin.gates import Gate, buy, check_in, gate_of, on_the_day, passes
from tests.app.checkin.test_standby import oversold
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

STEPS = 25
SEATS = 4
# What a step may be answered with; everything else is a fault.
FINE = {200, 201, 409, 422}

MUST_BE_EMPTY = {
    "a seat with two live assignments": """
        select seat from app.seat_assignments where flight_id = %(flight)s and released_at is null
        group by seat having count(*) > 1
    """,
    "a coupon whose check-in does not stand": """
        select coupons.id from app.coupons
        left join app.check_ins on check_ins.coupon_id = coupons.id and check_ins.undone_at is null
        where coupons.flight_id = %(flight)s
            and (coupons.status in ('checked_in', 'boarded', 'flown')) <> (check_ins.id is not null)
    """,
    "somebody on board or accepted without a seat, or on standby with one": """
        select check_ins.id from app.check_ins
        left join app.seat_assignments on seat_assignments.passenger_id = check_ins.passenger_id
            and seat_assignments.flight_id = check_ins.flight_id and seat_assignments.released_at is null
        where check_ins.flight_id = %(flight)s and check_ins.undone_at is null and check_ins.needs_seat
            and (check_ins.standby_since is null or check_ins.cleared_at is not null)
                <> (seat_assignments.id is not null)
    """,
    "an infant on board without an adult": """
        select coupons.booking_id from app.coupons
        join app.passengers on passengers.id = coupons.passenger_id
        where coupons.flight_id = %(flight)s and coupons.status = 'flown'
        group by coupons.booking_id
        having count(*) filter (where passengers.type = 'infant')
            > count(*) filter (where passengers.type = 'adult')
    """,
    "a denial that is not what its coupon says": """
        select denied.coupon_id from app.denied_boardings as denied
        join app.coupons on coupons.id = denied.coupon_id
        where denied.flight_id = %(flight)s
            and coupons.boarding_outcome is distinct from 'denied_' || denied.kind
    """,
    "a boarded or flown coupon that was given back": """
        select coupons.id from app.coupons join app.bookings on bookings.id = coupons.booking_id
        where coupons.flight_id = %(flight)s and bookings.status = 'cancelled'
            and coupons.status in ('checked_in', 'boarded', 'flown')
    """,
}


def assert_sound(owner: Owner, departure: Departure) -> None:
    for what, statement in MUST_BE_EMPTY.items():
        found = owner.execute(statement, {"flight": departure.flight_id}).fetchall()
        assert found == [], what


async def act(
    dice: random.Random,
    traveller: Traveller,
    gate: Gate,
    bookings: list[dict[str, Any]],
    kept: dict[str, str],
) -> int:
    """One random step: its status. `kept` are barcodes seen so far, also of passes void since."""
    booking = dice.choice(bookings)
    someone = dice.choice(booking["passengers"])["id"]
    coupon = dice.choice([c["id"] for t in booking["tickets"] for c in t["coupons"]])
    match dice.choice(["in", "in", "one", "undo", "scan", "scan", "standby", "deny", "late", "cancel"]):
        case "in":
            return (await check_in(traveller, booking)).status_code
        case "one":
            return (await check_in(traveller, booking, {"passenger_ids": [someone]})).status_code
        case "undo":
            path = f"/v1/bookings/{booking['id']}/check-in/undo"
            return (await traveller.post(path, {"passenger_ids": [someone]})).status_code
        case "scan":
            kept |= {each["coupon_id"]: each["barcode"] for each in await passes(traveller, booking)}
            return (await gate.scan(dice.choice(list(kept.values())))).status_code if kept else 200
        case "standby":
            return (await gate.post("/standby", {})).status_code
        case "deny":
            kind = dice.choice(["voluntary", "involuntary"])
            return (await gate.post("/denials", {"kind": kind, "coupon_id": coupon})).status_code
        case "late":
            return (await gate.post("/go-shows", {"coupon_id": coupon})).status_code
        case _:
            answer = await traveller.post(f"/v1/bookings/{booking['id']}/cancellations")
            return (
                (await traveller.confirm(answer.json())).status_code
                if answer.status_code == 201
                else answer.status_code
            )


@pytest.mark.parametrize("seed", range(4))
async def test_random_days_at_the_gate_leave_everything_sound(
    traveller: Traveller, owner: Owner, seed: int
) -> None:
    dice = random.Random(seed)
    departure = oversold(owner, seats=SEATS, authorised=SEATS + 3)
    parties = [("adult",), ("adult", "infant"), ("adult", "adult"), ("adult",), ("adult",)]
    bookings = [await buy(traveller, departure, party) for party in parties]
    today, gate = on_the_day(traveller, departure), gate_of(traveller.client, departure)
    kept: dict[str, str] = {}

    for step in range(STEPS):
        status = await act(dice, today, gate, bookings, kept)
        assert status in FINE, f"seed {seed}, step {step}: {status}"
        assert_sound(owner, departure)
    closed = await gate.at(departure.departs_at).post("/close-out")

    assert closed.status_code == 200
    assert_sound(owner, departure)
    left = owner.execute(
        "select status from app.coupons where flight_id = %s and status in ('checked_in', 'boarded')",
        (departure.flight_id,),
    ).fetchall()
    assert left == []


async def test_a_lost_check_in_would_be_found(traveller: Traveller, owner: Owner) -> None:
    """The negative control: the invariants see a check-in that was lost."""
    departure = oversold(owner, seats=SEATS, authorised=SEATS)
    booking = await buy(traveller, departure)
    await check_in(on_the_day(traveller, departure), booking)
    owner.execute("delete from app.check_ins where flight_id = %s", (departure.flight_id,))

    with pytest.raises(AssertionError, match="does not stand"):
        assert_sound(owner, departure)

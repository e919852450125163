"""The block of a group: bookings of at most nine seats that are held without names, for a deposit.

A seat gets its passenger and its price when it gets a name. What has none when names are due goes back
on sale and its deposit is kept, as is all of a booking that ends unpaid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import cancellation_service, purposes, telling
from app.bookings import rules as booking_rules
from app.bookings import store as bookings
from app.bookings.access import get_booking_for_update
from app.bookings.errors import PaymentInProgress
from app.bookings.groups import rules, store
from app.bookings.groups.errors import DepositNotDue, NamesMissing, TooManyNames
from app.bookings.groups.models import GroupBookingRow, GroupRow
from app.bookings.groups.schemas import GroupName, Leg
from app.bookings.locators import new_locator
from app.bookings.models import BookingRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.schemas import BookingStatus, ItemKind, LiveStatus
from app.core import clock, hashes, vault
from app.core.context import current
from app.core.db import transaction
from app.core.idempotency import RETRY_AFTER_SECONDS
from app.core.ids import uuid7
from app.core.money import Money
from app.fraud import service as fraud
from app.inventory import service as inventory
from app.inventory.errors import HoldExpired
from app.inventory.schemas import SeatRequest
from app.payments import journal
from app.payments import service as payments
from app.payments.schemas import Attempt, PaymentPurpose
from app.pricing.schemas import PassengerType

CHANNEL = "group"
# Bookings of blocks that one run of the chore deals with; the rest wait for the next.
DUE_PER_RUN = 200


async def hold(session: AsyncSession, group: GroupRow, now: datetime) -> None:
    """Hold all seats of the group in as many bookings as it takes. Raises SoldOut. Locks the cabins, last."""
    legs, deposit_minor = legs_of(group), group.deposit_per_seat_minor or 0
    until = group.deposit_due_at if deposit_minor else group.final_due_at
    if until is None:
        raise ValueError("a group without a quote has no deadlines")
    held = []
    for seats in rules.cut(group.seats):
        booking = await _write_booking(session, group, seats, until, now)
        segments = await _write_segments(session, booking, group, legs)
        part = {"booking_id": booking.id, "group_id": group.id, "deposit_minor": deposit_minor * seats}
        await store.insert_parts(session, [part])
        await telling.booking_created(session, booking, list(group.flight_ids), seats)
        held.append((booking.id, [SeatRequest(row["flight_id"], row["cabin"], row["fare_class"], seats)
                                  for row in segments]))  # fmt: skip
    for booking_id, wanted in held:
        await inventory.hold_seats(session, booking_id, wanted, now, until)


async def add_names(
    session: AsyncSession, group: GroupRow, names: Sequence[GroupName], now: datetime
) -> None:
    """Give seats without a name their passengers, with what each costs. Locks the bookings.

    Raises TooManyNames, PaymentInProgress."""
    waiting = list(names)
    for part in await store.find_parts(session, group.id):
        booking = await get_booking_for_update(session, part.booking_id)
        if not is_held(booking, now) or not waiting:
            continue
        room = booking.passenger_count - len(await bookings.find_passengers(session, [booking.id]))
        taken, waiting = waiting[:room], waiting[room:]
        if taken:
            await _ensure_nobody_pays(session, booking.id)
            await _name(session, booking, group, taken, now)
    if waiting:
        raise TooManyNames(f"{len(waiting)} more than there are seats without a name")


async def give_up(session: AsyncSession, group: GroupRow, now: datetime) -> None:
    """Give back what the group still holds. Raises PaymentInProgress."""
    parts = await store.find_parts(session, group.id)
    locked = [await get_booking_for_update(session, part.booking_id) for part in parts]
    held = [booking for booking in locked if booking.status == BookingStatus.HELD]
    for booking in held:
        await _ensure_nobody_pays(session, booking.id)
    for booking in held:
        await cancellation_service.give_up_hold(session, booking, now)


async def settle_due() -> int:
    """Do what the deadlines of groups ask for; how many groups and bookings moved. Each booking is its own
    transaction, so that its cabins are never locked while another booking is waited for."""
    async with transaction() as session:
        now = await clock.now(session)
        moved = await store.end_groups(session, now)
        due = await store.list_due(session, now, DUE_PER_RUN)
    for booking_id in due:
        async with transaction() as session:
            moved += await _settle(session, booking_id, await clock.now(session))
    return moved


def legs_of(group: GroupRow) -> list[Leg]:
    return [
        Leg(
            flight_id=UUID(leg["flight_id"]),
            fare_class=leg["fare_class"],
            fare_product_id=UUID(leg["fare_product_id"]),
            fare_basis=leg["fare_basis"],
            brand=leg["brand"],
            fare_minor=leg["fare_minor"],
            taxes=[(code, description, amount) for code, description, amount in leg["taxes"]],
        )
        for leg in group.legs or []
    ]


def is_held(booking: BookingRow, now: datetime) -> bool:
    status = booking_rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now)
    return status is BookingStatus.HELD


class Deposit:
    """The purpose `deposit`: what a booking of a block costs to keep until its names and money are due."""

    async def amount_due(
        self, session: AsyncSession, booking: BookingRow, purpose_id: UUID | None, now: datetime
    ) -> Money:
        """Raises DepositNotDue."""
        part = await store.find_part(session, booking.id)
        if part is None or part.deposit_paid_at is not None or part.deposit_minor == 0:
            raise DepositNotDue()
        if not is_held(booking, now):
            raise DepositNotDue(f"it had to be paid by {booking.payment_required_by.isoformat()}")
        return Money(amount_minor=part.deposit_minor, currency=booking.currency)

    async def apply(
        self,
        session: AsyncSession,
        booking: BookingRow,
        purpose_id: UUID | None,
        attempt: Attempt,
        now: datetime,
    ) -> None:
        """Keep the seats until the rest is due. Raises DepositNotDue, HoldExpired."""
        due = await self.amount_due(session, booking, purpose_id, now)
        part = await store.find_part(session, booking.id)
        group = await store.find_group(session, part.group_id) if part else None
        if group is None or group.final_due_at is None or attempt.shown.amount != due:
            raise DepositNotDue()
        until = group.final_due_at
        await store.update_part(session, booking.id, {"deposit_paid_at": now})
        clocks = {"payment_required_by": until, "price_guarantee_expires_at": until}
        await bookings.update_booking(session, booking.id, clocks)
        if not await inventory.extend_holds_for_update(session, booking.id, until, now):
            raise HoldExpired()


async def ensure_named(session: AsyncSession, booking: BookingRow) -> None:
    """Raises NamesMissing while a seat of a block's booking has no name."""
    if await store.find_part(session, booking.id) is None:
        return
    named = len(await bookings.find_passengers(session, [booking.id]))
    if named < booking.passenger_count:
        raise NamesMissing(f"{booking.passenger_count - named} of {booking.passenger_count} have none")


async def _settle(session: AsyncSession, booking_id: UUID, now: datetime) -> bool:
    booking = await get_booking_for_update(session, booking_id)
    part = await store.find_part(session, booking_id)
    if part is None or part.settled_at is not None:
        return False
    if await payments.find_open_payment(session, booking_id) is not None:
        return False
    with telling.marked_as(booking):
        if booking.status == BookingStatus.HELD:
            return is_held(booking, now) and await _give_back_unnamed(session, booking, part, now)
        if booking.status in (BookingStatus.EXPIRED, BookingStatus.CANCELLED):
            kept_minor = await payments.paid_minor(session, booking_id)
            await _keep(session, booking, kept_minor, now)
            await journal.record_sale(session, booking_id, kept_minor, 0, booking.currency, now)
    await store.update_part(session, booking_id, {"settled_at": now})
    return True


async def _give_back_unnamed(
    session: AsyncSession, booking: BookingRow, part: GroupBookingRow, now: datetime
) -> bool:
    """Shrink a booking to the seats that have a name. False: all have."""
    named = len(await bookings.find_passengers(session, [booking.id]))
    gone = booking.passenger_count - named
    if gone == 0:
        return False
    if named == 0:
        await cancellation_service.give_up_hold(session, booking, now)
        return True
    if part.deposit_paid_at is not None:
        await _keep(session, booking, part.deposit_minor * gone // booking.passenger_count, now)
    await bookings.update_booking(session, booking.id, {"passenger_count": named})
    await inventory.shrink_holds_for_update(session, booking.id, named, now)
    return True


async def _keep(session: AsyncSession, booking: BookingRow, amount_minor: int, now: datetime) -> None:
    """Write a deposit down as kept. What becomes tickets goes into the journal with them."""
    if amount_minor == 0:
        return
    item = {
        "id": uuid7(),
        "booking_id": booking.id,
        "kind": ItemKind.PENALTY,
        "code": "DEPOSIT",
        "description": "Deposit kept",
        "amount_minor": amount_minor,
        "currency": booking.currency,
        "status": LiveStatus.LIVE,
        "created_at": now,
    }
    await bookings.insert_rows(session, ItemRow, [item])


async def _ensure_nobody_pays(session: AsyncSession, booking_id: UUID) -> None:
    if await payments.find_open_payment(session, booking_id) is not None:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)


async def _write_booking(
    session: AsyncSession, group: GroupRow, seats: int, until: datetime, now: datetime
) -> BookingRow:
    people = await vault.get_people(session, [group.contact_subject_id])
    contact, contact_id, context = people.get(group.contact_subject_id, {}), uuid7(), current()
    await vault.put_people(session, "contact", {contact_id: contact})
    who = fraud.entities(user_id=group.user_id, email=contact.get("email"))
    booking_id = uuid7()
    values = {
        "id": booking_id,
        "pnr": await new_locator(session, booking_id),
        "user_id": group.user_id,
        "contact_subject_id": contact_id,
        "status": BookingStatus.HELD,
        "offer_id": group.id,
        "channel": CHANNEL,
        "currency": group.currency,
        "total_minor": 0,
        "passenger_count": seats,
        "price_guarantee_expires_at": until,
        "payment_required_by": until,
        "email_hash": who.email,
        "device_hash": who.device,
        "ip_hash": who.ip,
        "ip24_hash": who.ip24,
        "surname_hashes": [],
        "distinct_surnames": 0,
        "created_at": now,
        "request_id": context.request_id,
        "simulated": group.simulated,
    }
    await bookings.insert_rows(session, BookingRow, [values])
    return await get_booking_for_update(session, booking_id)


async def _write_segments(
    session: AsyncSession, booking: BookingRow, group: GroupRow, legs: Sequence[Leg]
) -> list[dict[str, Any]]:
    rows = [
        {
            "id": uuid7(),
            "booking_id": booking.id,
            "flight_id": leg.flight_id,
            "slice_number": number,
            "segment_number": 1,
            "cabin": group.cabin,
            "fare_class": leg.fare_class,
            "fare_product_id": leg.fare_product_id,
            "status": LiveStatus.LIVE,
            "created_at": booking.created_at,
        }
        for number, leg in enumerate(legs, 1)
    ]
    await bookings.insert_rows(session, SegmentRow, rows)
    return rows


async def _name(
    session: AsyncSession, booking: BookingRow, group: GroupRow, names: Sequence[GroupName], now: datetime
) -> None:
    subjects = {uuid7(): name.model_dump() for name in names}
    await vault.put_people(session, "passenger", subjects)
    passengers: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "booking_id": booking.id,
            "subject_id": subject,
            "type": PassengerType.ADULT,
            "created_at": now,
        }
        for subject in subjects
    ]
    await bookings.insert_rows(session, PassengerRow, passengers)
    segments = {row.flight_id: row.id for row in await bookings.find_segments(session, [booking.id])}
    items = [
        item
        for passenger in passengers
        for leg in legs_of(group)
        for item in _items(booking, passenger["id"], segments[leg.flight_id], leg, now)
    ]
    await bookings.insert_rows(session, ItemRow, items)
    surnames = {hashes.normalise_surname(name.family_name) for name in names}
    known = set(booking.surname_hashes) | {hashes.keyed_hash("surname", surname) for surname in surnames}
    values = {
        "total_minor": booking.total_minor + sum(item["amount_minor"] for item in items),
        "surname_hashes": sorted(known),
        "distinct_surnames": len(known),
    }
    await bookings.update_booking(session, booking.id, values)


def _items(
    booking: BookingRow, passenger_id: UUID, segment_id: UUID, leg: Leg, now: datetime
) -> list[dict[str, Any]]:
    lines = [(ItemKind.FARE, leg.fare_basis, f"{leg.brand} group fare", leg.fare_minor)]
    lines += [(ItemKind.TAX, code, description, amount) for code, description, amount in leg.taxes]
    return [
        {
            "id": uuid7(),
            "booking_id": booking.id,
            "passenger_id": passenger_id,
            "segment_id": segment_id,
            "kind": kind,
            "code": code,
            "description": description,
            "amount_minor": amount_minor,
            "currency": booking.currency,
            "status": LiveStatus.LIVE,
            "created_at": now,
        }
        for kind, code, description, amount_minor in lines
    ]


purposes.register(PaymentPurpose.DEPOSIT, Deposit())
purposes.guard_bookings(ensure_named)

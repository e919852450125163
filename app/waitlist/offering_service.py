"""Offering seats that came free, and noticing what became of the offers. Each entry is its own transaction:
one that cannot be served, or that somebody is at, holds up no other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import on_behalf_service as bookings
from app.bookings.schemas import BookingStatus, Contact, NewPassenger
from app.core import clock, vault
from app.core.context import bind, current
from app.core.db import transaction
from app.flights import service as flights
from app.flights.schemas import Cabin
from app.inventory import service as inventory
from app.inventory.errors import SoldOut
from app.offers import service as offers
from app.pricing.schemas import PassengerType
from app.settings import service as settings
from app.settings.registry import WAITLIST_SHORT_WINDOW, WAITLIST_WINDOW
from app.waitlist import rules, service, store
from app.waitlist.models import WaitlistEntryRow
from app.waitlist.schemas import EndReason, Queue, WaitlistStatus

# Cabins looked at in one reading; a run goes through all of them.
QUEUES_PER_PAGE = 500
# Of one cabin: more than the seats that a cancelled party gives back.
ENTRIES_PER_QUEUE = 50
ENTRIES_PER_RUN = 200
# Looked at for a payment or an end; more offers than that are never open at once.
OFFERS_PER_RUN = 2000

_FIRST = Queue(UUID(int=0), "")


async def serve(limit: int = ENTRIES_PER_RUN) -> int:
    """End what is over and offer what is free, at most `limit` entries; how many entries moved."""
    moved = await _settle_offers()
    after = _FIRST
    while moved < limit:
        async with transaction() as session:
            now = await clock.now(session)
            queues = await store.list_queues(session, after, QUEUES_PER_PAGE)
            moved += await _lapse_closed(session, queues, now, limit - moved)
            candidates = await _candidates(session, queues)
        for entry_id in candidates[: limit - moved]:
            moved += await _offer(entry_id)
        if len(queues) < QUEUES_PER_PAGE:
            break
        after = queues[-1]
    return moved


async def _settle_offers() -> int:
    """Convert the entries whose booking is paid, and lapse those whose hold is over."""
    async with transaction() as session:
        now = await clock.now(session)
        offered = {
            row.booking_id: row.id
            for row in await store.list_offered(session, OFFERS_PER_RUN)
            if row.booking_id
        }
        standings = await bookings.list_standings(session, list(offered), now)
    over = [key for key, standing in standings.items() if standing is not BookingStatus.HELD]
    return sum([await _settle(offered[booking_id]) for booking_id in over])


async def _settle(entry_id: UUID) -> bool:
    async with transaction() as session:
        now = await clock.now(session)
        entry = await store.find_entry_for_update(session, entry_id, skip_locked=True)
        if entry is None or entry.status != WaitlistStatus.OFFERED or entry.booking_id is None:
            return False
        standing = (await bookings.list_standings(session, [entry.booking_id], now))[entry.booking_id]
        status, reason = rules.what_became_of(standing)
        if reason is None:
            return False
        with _marked_as(entry):
            await service.end(session, entry, status, reason, now)
        return True


async def _lapse_closed(session: AsyncSession, queues: Sequence[Queue], now: datetime, limit: int) -> int:
    """End who waits for a flight that is no longer for sale."""
    found = await flights.get_flights(session, sorted({queue.flight_id for queue in queues}))
    closed = [queue for queue in queues if not flights.is_open_for_sale(found[queue.flight_id], now)]
    if not closed:
        return 0
    ended = await store.lapse_queues(session, closed, EndReason.SALE_CLOSED, now, limit)
    for entry in ended:
        with _marked_as(entry):
            await service.tell(session, "WaitlistLapsed", entry, now, {"reason": EndReason.SALE_CLOSED.value})
    return len(ended)


async def _candidates(session: AsyncSession, queues: Sequence[Queue]) -> list[UUID]:
    """Who may be served with what is open now, cabin by cabin in their order."""
    opened = await inventory.list_open_seats(session, sorted({queue.flight_id for queue in queues}))
    found: list[UUID] = []
    for queue in queues:
        left = max(opened.get((queue.flight_id, queue.cabin), {}).values(), default=0)
        if left > 0:
            waiting = await store.list_waiting(session, queue, ENTRIES_PER_QUEUE)
            found += rules.that_fit([(entry.id, entry.seats) for entry in waiting], left)
    return found


async def _offer(entry_id: UUID) -> bool:
    """Hold seats for one entry, in a booking of its own that is theirs to pay. False: it goes on waiting."""
    try:
        async with transaction() as session:
            now = await clock.now(session)
            entry = await store.find_entry_for_update(session, entry_id, skip_locked=True)
            if entry is None or entry.status != WaitlistStatus.WAITING:
                return False
            with _marked_as(entry):
                return await _hold(session, entry, now)
    except SoldOut:
        # Somebody bought them in between; a sale and the waitlist meet at the cabin's lock, as any two do.
        return False


async def _hold(session: AsyncSession, entry: WaitlistEntryRow, now: datetime) -> bool:
    flight = await flights.get_flight(session, entry.flight_id)
    people = await _people(session, entry)
    if people is None:
        await service.end(session, entry, WaitlistStatus.LAPSED, EndReason.ERASED, now)
        return True
    if not flights.is_open_for_sale(flight, now):
        return False
    passengers, contact = people
    opened = await inventory.list_open_seats(session, [entry.flight_id])
    windows = rules.Windows(
        usual=await settings.get(session, WAITLIST_WINDOW, at=now),
        short=await settings.get(session, WAITLIST_SHORT_WINDOW, at=now),
    )
    until = rules.offer_expires_at(now, flight.departs_at, flights.sale_closes_at(flight), windows)
    offer = await offers.offer_flight(
        session,
        flight,
        Cabin(entry.cabin),
        [passenger.type for passenger in passengers],
        opened.get((entry.flight_id, entry.cabin), {}),
        until,
        now,
    )
    if offer is None or not _is_affordable(entry, offer.total.amount_minor, offer.total.currency):
        return False
    held = await bookings.hold_offer(session, entry.user_id, offer, passengers, contact, until, now)
    offered = {
        "status": WaitlistStatus.OFFERED,
        "offered_at": now,
        "offer_expires_at": until,
        "booking_id": held.id,
    }
    await store.update_entry(session, entry.id, offered)
    fresh = await store.find_entry(session, entry.id) or entry
    more: dict[str, object] = {
        "pnr": held.pnr,
        "expires_at": until.isoformat(),
        "total_minor": offer.total.amount_minor,
        "currency": offer.total.currency,
    }
    await service.tell(session, "WaitlistOffered", fresh, now, more)
    return True


async def _people(
    session: AsyncSession, entry: WaitlistEntryRow
) -> tuple[list[NewPassenger], Contact] | None:
    """Who waits, out of the vault; None once one of them has been erased."""
    subjects = [entry.contact_subject_id, *entry.passenger_subject_ids]
    people = await vault.get_people(session, subjects)
    if len(people) < len(subjects):
        return None
    passengers = [
        NewPassenger(type=PassengerType(kind), **people[subject])
        for kind, subject in zip(entry.passenger_types, entry.passenger_subject_ids, strict=True)
    ]
    return passengers, Contact(**people[entry.contact_subject_id])


def _is_affordable(entry: WaitlistEntryRow, total_minor: int, currency: str) -> bool:
    return entry.max_total_minor is None or (
        entry.currency == currency and total_minor <= entry.max_total_minor
    )


@contextmanager
def _marked_as(entry: WaitlistEntryRow) -> Iterator[None]:
    """Rows written for a simulated entry are simulated too."""
    before = current()
    bind(replace(before, is_simulated=entry.simulated))
    try:
        yield
    finally:
        bind(before)

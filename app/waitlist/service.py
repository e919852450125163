"""Joining, leaving and reading the waitlist. Offering seats that came free is in offering_service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import on_behalf_service as bookings
from app.core import clock, events, vault
from app.core.context import current
from app.core.ids import uuid7
from app.core.money import Money
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import Cabin
from app.inventory import service as inventory
from app.settings import service as settings
from app.settings.registry import WAITLIST
from app.waitlist import rules, store
from app.waitlist.errors import EntryEnded, EntryNotFound, SeatsAvailable
from app.waitlist.models import WaitlistEntryRow
from app.waitlist.schemas import EndReason, JoinRequest, PriorityRequest, WaitlistEntry, WaitlistStatus

LIVE = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
# As many as a person can look through; the rest are shown when these have been served.
MAX_OF_FLIGHT = 200


async def join(session: AsyncSession, user_id: UUID, request: JoinRequest) -> WaitlistEntry:
    """Wait for seats in one cabin of a flight that has too few for the party.

    Raises FlightNotFound, FlightClosed, SeatsAvailable, AlreadyWaiting, FeatureOff."""
    now = await clock.now(session)
    await settings.require(session, WAITLIST, Caller(str(user_id), frozenset()), at=now)
    flights.ensure_open_for_sale(await flights.get_flight(session, request.flight_id), now)
    seats = sum(passenger.type.needs_seat for passenger in request.passengers)
    opened = await inventory.list_open_seats(session, [request.flight_id])
    left = max(opened.get((request.flight_id, request.cabin), {}).values(), default=0)
    if left >= seats:
        raise SeatsAvailable(f"{seats} asked, {left} left in {request.cabin}")
    contact_id, entry_id = uuid7(), uuid7()
    people = {uuid7(): each.model_dump(include={"given_name", "family_name"}) for each in request.passengers}
    await vault.put_people(session, "contact", {contact_id: request.contact.model_dump(exclude_none=True)})
    await vault.put_people(session, "passenger", people)
    context = current()
    values = {
        "id": entry_id,
        "user_id": user_id,
        "flight_id": request.flight_id,
        "cabin": request.cabin,
        "passenger_types": [passenger.type for passenger in request.passengers],
        "passenger_subject_ids": list(people),
        "contact_subject_id": contact_id,
        "seats": seats,
        "max_total_minor": request.max_total.amount_minor if request.max_total else None,
        "currency": request.max_total.currency if request.max_total else None,
        "priority": 0,
        "status": WaitlistStatus.WAITING,
        "joined_at": now,
        "request_id": context.request_id,
        "simulated": context.is_simulated,
        "updated_at": now,
    }
    await store.insert_entry(session, values)
    entry = await _get(session, entry_id, user_id)
    await tell(session, "WaitlistJoined", entry, now)
    return await _shown(session, entry, now)


async def get_entry(session: AsyncSession, user_id: UUID, entry_id: UUID) -> WaitlistEntry:
    """Raises EntryNotFound, also for another's."""
    return await _shown(session, await _get(session, entry_id, user_id), await clock.now(session))


async def list_entries(session: AsyncSession, user_id: UUID, window: Window) -> Page[WaitlistEntry]:
    """One page, the newest first. Raises CursorInvalid."""
    now = await clock.now(session)
    rows = await store.list_entries(
        session, user_id, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([await _shown(session, row, now) for row in rows], window, [row.id.hex for row in rows])


async def list_of_flight(session: AsyncSession, flight_id: UUID) -> list[WaitlistEntry]:
    """Who waits for a flight, cabin by cabin in the order they are served. Raises FlightNotFound."""
    await flights.get_flight(session, flight_id)
    now = await clock.now(session)
    rows = await store.list_of_flight(session, flight_id, MAX_OF_FLIGHT)
    return [await _shown(session, row, now) for row in rows]


async def leave(session: AsyncSession, user_id: UUID, entry_id: UUID) -> WaitlistEntry:
    """Wait no longer; seats that were offered go to the next at once. Leaving twice is leaving once.

    Raises EntryNotFound, EntryEnded; PaymentInProgress while an offer is being paid."""
    now = await clock.now(session)
    entry = await store.find_entry_for_update(session, entry_id)
    if entry is None or entry.user_id != user_id:
        raise EntryNotFound()
    if entry.status == WaitlistStatus.LEFT:
        return await _shown(session, entry, now)
    if entry.status not in LIVE:
        raise EntryEnded(f"it is {entry.status}")
    await end(session, entry, WaitlistStatus.LEFT, EndReason.LEFT, now)
    if entry.booking_id is not None:
        await bookings.give_up_hold(session, entry.booking_id, now)
    return await _shown(session, await _get(session, entry_id, user_id), now)


async def set_priority(
    session: AsyncSession, caller: Caller, entry_id: UUID, request: PriorityRequest
) -> WaitlistEntry:
    """Serve an entry before or after others. Raises EntryNotFound, EntryEnded."""
    now = await clock.now(session)
    entry = await store.find_entry_for_update(session, entry_id)
    if entry is None:
        raise EntryNotFound()
    if entry.status != WaitlistStatus.WAITING:
        raise EntryEnded(f"it is {entry.status}")
    entry_before = entry.priority
    await store.update_entry(session, entry_id, {"priority": request.priority})
    changed = await _get(session, entry_id, entry.user_id)
    await audit.record(
        session,
        "waitlist.priority_changed",
        "waitlist_entry",
        entry_id,
        actor=caller,
        before={"priority": entry_before},
        after={"priority": request.priority},
    )
    return await _shown(session, changed, now)


async def list_subject_ids(session: AsyncSession, user_id: UUID) -> list[UUID]:
    """Whose data the user's entries still need: for export and erasure."""
    rows = await store.list_entries(session, user_id, None, MAX_OF_FLIGHT, is_backwards=False)
    return [subject for row in rows for subject in (row.contact_subject_id, *row.passenger_subject_ids)]


async def end(
    session: AsyncSession, entry: WaitlistEntryRow, status: WaitlistStatus, reason: EndReason, now: datetime
) -> None:
    """End a locked entry, and tell it."""
    ended = {"status": status, "ended_at": now, "end_reason": reason}
    await store.update_entry(session, entry.id, ended)
    why: dict[str, object] = {"reason": reason.value}
    if status is WaitlistStatus.CONVERTED:
        await tell(session, "WaitlistConverted", entry, now, why)
    elif status is WaitlistStatus.LEFT:
        await tell(session, "WaitlistLeft", entry, now, why)
    else:
        await tell(session, "WaitlistLapsed", entry, now, why)


async def tell(
    session: AsyncSession,
    event_type: str,
    entry: WaitlistEntryRow,
    now: datetime,
    more: dict[str, object] | None = None,
) -> None:
    payload: dict[str, object] = {
        "waitlist_entry_id": entry.id,
        "flight_ids": [entry.flight_id],
        "cabin": entry.cabin,
        "seats": entry.seats,
        "priority": entry.priority,
    }
    await events.record(
        session,
        event_type,
        "waitlist_entry",
        entry.id,
        payload | (more or {}),
        booking_id=entry.booking_id,
        subject_id=entry.contact_subject_id,
        actor_id=entry.user_id,
        occurred_at=now,
    )


async def _get(session: AsyncSession, entry_id: UUID, user_id: UUID) -> WaitlistEntryRow:
    entry = await store.find_entry(session, entry_id)
    if entry is None or entry.user_id != user_id:
        raise EntryNotFound()
    return entry


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


async def _shown(session: AsyncSession, entry: WaitlistEntryRow, now: datetime) -> WaitlistEntry:
    """As it stands at `now`: an offer whose time is over has lapsed, whoever has noticed."""
    status = WaitlistStatus(entry.status)
    reason = EndReason(entry.end_reason) if entry.end_reason else None
    ended_at = entry.ended_at
    if status is WaitlistStatus.OFFERED and entry.booking_id is not None:
        standing = (await bookings.list_standings(session, [entry.booking_id], now))[entry.booking_id]
        status, reason = rules.what_became_of(standing)
        ended_at = None if status is WaitlistStatus.OFFERED else entry.offer_expires_at
    is_waiting = status is WaitlistStatus.WAITING
    max_total = None
    if entry.max_total_minor is not None and entry.currency is not None:
        max_total = Money(amount_minor=entry.max_total_minor, currency=entry.currency)
    return WaitlistEntry(
        id=entry.id,
        flight_id=entry.flight_id,
        cabin=Cabin(entry.cabin),
        seats=entry.seats,
        passenger_count=len(entry.passenger_types),
        max_total=max_total,
        priority=entry.priority,
        status=status,
        position=await store.count_ahead(session, entry) + 1 if is_waiting else None,
        joined_at=entry.joined_at,
        offered_at=entry.offered_at,
        offer_expires_at=entry.offer_expires_at,
        booking_id=entry.booking_id,
        ended_at=ended_at,
        end_reason=reason,
    )

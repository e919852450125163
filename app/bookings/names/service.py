"""Correcting a passenger's name, in the vault alone: events and history say that it was, never what."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, answers, standing, telling
from app.bookings import store as bookings
from app.bookings.access import get_own_booking_for_update
from app.bookings.models import BookingRow, PassengerRow
from app.bookings.names import rules, store
from app.bookings.names.errors import NameNotCorrectable, NameTooDifferent, PassengerNotFound
from app.bookings.names.schemas import NameCorrectionRequest
from app.bookings.schemas import Action, Booking
from app.bookings.standing import Standing
from app.core import clock, hashes, vault
from app.core.context import current
from app.core.etags import Expected
from app.core.ids import uuid7
from app.core.security import Caller


async def correct_name(
    session: AsyncSession,
    caller: Caller,
    booking_id: UUID,
    passenger_id: UUID,
    request: NameCorrectionRequest,
    expected: Expected,
) -> Booking:
    """Put a slip in a name right, while nobody has checked in under it.

    Raises BookingNotFound, PassengerNotFound, PreconditionFailed, NameNotCorrectable, NameTooDifferent."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    expected.ensure(booking.version)
    at = await standing.read(session, booking, now)
    passenger = next((each for each in at.passengers if each.id == passenger_id), None)
    if passenger is None:
        raise PassengerNotFound()
    _ensure_correctable(at, passenger)
    person = (await vault.get_people(session, [passenger.subject_id])).get(passenger.subject_id)
    if person is None:
        raise NameNotCorrectable("the person has been erased")
    before = rules.Name(person["given_name"], person["family_name"])
    after = rules.Name(request.given_name or before.given, request.family_name or before.family)
    if after != before:
        await _correct(session, caller, booking, passenger, person, before, after)
    return await answers.show_booking(session, await _fresh(session, booking), now)


def _ensure_correctable(at: Standing, passenger: PassengerRow) -> None:
    refusal = action_rules.why_not(Action.CORRECT_NAMES, at.situation)
    if refusal is not None:
        raise NameNotCorrectable(refusal)
    if passenger.id not in action_rules.correctable_passengers(at.situation):
        raise NameNotCorrectable("this passenger is checked in or has left")


async def _correct(
    session: AsyncSession,
    caller: Caller,
    booking: BookingRow,
    passenger: PassengerRow,
    person: dict[str, str],
    before: rules.Name,
    after: rules.Name,
) -> None:
    now = await clock.now(session)
    found = rules.correction(before, after)
    used = await store.letters_corrected(session, passenger.id)
    if used + found.letters > rules.MAX_LETTERS:
        left = rules.MAX_LETTERS - used
        raise NameTooDifferent(f"{left} letters of this passenger's name may still be corrected")
    corrected = person | {"given_name": after.given, "family_name": after.family}
    await vault.change_person(session, passenger.subject_id, corrected)
    row = {
        "id": uuid7(),
        "passenger_id": passenger.id,
        "letters": found.letters,
        "is_swap": found.is_swap,
        "corrected_at": now,
        "actor": caller.subject,
        "request_id": current().request_id,
    }
    await store.insert_correction(session, row)
    await bookings.update_booking(session, booking.id, await _surname_hashes(session, booking))
    payload = {"passenger_id": passenger.id, "letters": found.letters, "is_swap": found.is_swap}
    await telling.record(session, "PassengerNameCorrected", booking, payload, now)


async def _surname_hashes(session: AsyncSession, booking: BookingRow) -> dict[str, object]:
    """What the streams may know of the surnames, as they are now."""
    passengers = await bookings.find_passengers(session, [booking.id])
    people = await vault.get_people(session, [each.subject_id for each in passengers])
    surnames = {hashes.normalise_surname(person["family_name"]) for person in people.values()}
    older = [key for surname in sorted(surnames) for key in hashes.prior_hashes("surname", surname)]
    prior = {kind: keys for kind, keys in (booking.prior_hashes or {}).items() if kind != "surname"}
    return {
        "surname_hashes": sorted(hashes.keyed_hash("surname", surname) for surname in surnames),
        "distinct_surnames": len(surnames),
        "prior_hashes": (prior | ({"surname": older} if older else {})) or None,
    }


async def _fresh(session: AsyncSession, booking: BookingRow) -> BookingRow:
    return await bookings.find_booking(session, booking.id) or booking

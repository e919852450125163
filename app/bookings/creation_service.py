"""Booking offers, as many at a time as ask for one: read for all, decide for each, write for all.

One offer booked is a lot of one: one path, one set of rules. Locks: keys, then cabins, last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import answers, draft_store, drafts, rules
from app.bookings.errors import TooManyHolds
from app.bookings.locators import new_locators
from app.bookings.schemas import Answer, Booking, BookingRequest, Hold
from app.core import clock, events, idempotency, vault
from app.core.context import RequestContext, bind
from app.core.errors import DomainError
from app.core.idempotency import Idempotency
from app.core.ids import uuid7
from app.core.security import Caller
from app.flights import service as flights
from app.flights.errors import FlightNotFound
from app.flights.schemas import FlightView
from app.inventory import service as inventory
from app.offers import service as offers
from app.offers.schemas import Offer
from app.settings import service as settings
from app.settings.registry import CHECKOUT_HOLD, MAX_HOLDS_PER_USER, PAY_LATER

CREATED = 201

Outcome = Answer[Booking] | DomainError


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One request for a booking, and what is known of where it comes from."""

    key: Idempotency
    caller: Caller
    request: BookingRequest
    context: RequestContext


@dataclass(frozen=True, slots=True)
class Facts:
    """What is read once for all who ask; `seats` and `holds` follow what is granted on the way."""

    now: datetime
    offers: Mapping[UUID, Offer | DomainError]
    flights: Mapping[UUID, FlightView]
    seats: inventory.SeatsLeft
    holds: Counter[UUID]
    most_holds: int
    checkout: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """A booking that was decided on and has yet to be written."""

    asked: Asked
    offer: Offer
    clocks: rules.HoldClocks


async def book_all(session: AsyncSession, lot: Sequence[Asked]) -> list[Outcome]:
    """Book for each who asks, at the same moment and each under another key, or say why not.

    Raises SoldOut when seats that seemed free went to others meanwhile: the transaction must then be rolled
    back, and who is left may ask again. Locks the cabins of all, last."""
    bind(lot[0].context)
    outcomes = await _answered_before(session, lot)
    now = await clock.now(session)
    waiting = [asked for asked in lot if asked not in outcomes]
    facts = await _read(session, waiting, now)
    plans = []
    for asked in waiting:
        try:
            plans.append(await _decide(session, asked, facts))
        except DomainError as refusal:
            outcomes[asked] = refusal
    if plans:
        outcomes |= await _write(session, plans, facts)
    return [outcomes[asked] for asked in lot]


async def write_all(session: AsyncSession, new: Sequence[drafts.Draft], now: datetime) -> None:
    """Write new bookings and hold their seats. Raises SoldOut. Locks their cabins, last."""
    await vault.put_sealed(session, [envelope for draft in new for envelope in draft.people])
    await draft_store.insert_drafts(
        session,
        {
            "bookings": [draft.booking for draft in new],
            "passengers": list(chain.from_iterable(draft.passengers for draft in new)),
            "segments": list(chain.from_iterable(draft.segments for draft in new)),
            "items": list(chain.from_iterable(draft.items for draft in new)),
        },
    )
    await events.record_all(session, [draft.event for draft in new])
    await inventory.hold_seats_of_all(session, [draft.hold for draft in new], now)


async def _answered_before(session: AsyncSession, lot: Sequence[Asked]) -> dict[Asked, Outcome]:
    """Those whose key has an answer, or may not be used now."""
    found: dict[Asked, Outcome] = {}
    kept = await idempotency.find_all(session, [asked.key for asked in lot])
    for asked, answer in zip(lot, kept, strict=True):
        if isinstance(answer, DomainError):
            found[asked] = answer
        elif answer is not None:
            body = await answers.with_names(session, answer.response)
            found[asked] = Answer(body, answer.status_code, is_replay=True)
    return found


async def _read(session: AsyncSession, waiting: Sequence[Asked], now: datetime) -> Facts:
    found = await offers.look_up_offers(session, {asked.request.offer_id for asked in waiting}, now)
    flight_ids = {
        flight_id for offer in found.values() if isinstance(offer, Offer) for flight_id in _flown(offer)
    }
    most = await settings.get(session, MAX_HOLDS_PER_USER, at=now)
    users = {asked.caller.user_id for asked in waiting}
    return Facts(
        now=now,
        offers=found,
        flights=await flights.find_flights(session, flight_ids),
        seats=await inventory.look_at_seats(session, flight_ids, now),
        holds=Counter(await draft_store.count_live_holds(session, users, now, most)),
        most_holds=most,
        checkout=await settings.get(session, CHECKOUT_HOLD, at=now),
    )


async def _decide(session: AsyncSession, asked: Asked, facts: Facts) -> Plan:
    """Raises OfferNotFound, OfferExpired, PassengersDiffer, FlightNotFound, FlightClosed, FeatureOff,
    TooManyHolds, PayLaterRefused, SoldOut."""
    request, now = asked.request, facts.now
    offer = facts.offers[request.offer_id]
    if isinstance(offer, DomainError):
        raise offer
    flown = _flown(offer)
    if not facts.flights.keys() >= set(flown):
        raise FlightNotFound()
    for flight_id in flown:
        flights.ensure_open_for_sale(facts.flights[flight_id], now)
    if request.hold is Hold.PAY_LATER:
        await settings.require(session, PAY_LATER, asked.caller, at=now)
    # Counted without a lock: two lots at once may exceed the bound by a few, which hoards nothing.
    if facts.holds[asked.caller.user_id] >= facts.most_holds:
        raise TooManyHolds(f"at most {facts.most_holds} at a time: pay for one, or let it go")
    departs_at = min(facts.flights[flight_id].departs_at for flight_id in flown)
    clocks = rules.hold_clocks(now, request.hold, departs_at, facts.checkout)
    rules.match_passengers(
        [price.type for price in offer.passengers], [passenger.type for passenger in request.passengers]
    )
    inventory.take(facts.seats, drafts.seats_of(offer, request.passengers))
    facts.holds[asked.caller.user_id] += 1
    return Plan(asked, offer, clocks)


async def _write(session: AsyncSession, plans: Sequence[Plan], facts: Facts) -> dict[Asked, Outcome]:
    """The answers are kept before the seats are held: the cabins are locked by the last statement."""
    booking_ids = [uuid7() for _ in plans]
    pnrs = await new_locators(session, booking_ids)
    made: dict[Asked, Answer[Booking]] = {}
    new = []
    for plan, booking_id in zip(plans, booking_ids, strict=True):
        asked = plan.asked
        bind(asked.context)
        draft = drafts.make(
            booking_id,
            pnrs[booking_id],
            asked.caller.user_id,
            asked.request,
            plan.offer,
            plan.clocks,
            facts.now,
        )
        made[asked] = Answer(drafts.show(draft, facts.flights, facts.now), CREATED)
        new.append(draft)
    # Without the names: they stay in the vault, and a repeat takes them from there.
    kept = [(asked.key, CREATED, answers.without_names(answer.body)) for asked, answer in made.items()]
    await idempotency.store_all(session, kept)
    await write_all(session, new, facts.now)
    return dict(made)


def _flown(offer: Offer) -> list[UUID]:
    return [segment.flight_id for part in offer.slices for segment in part.segments]

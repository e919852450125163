"""Searching, and finding again what was offered."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.context import current
from app.core.db import transaction
from app.core.hashes import keyed_hash
from app.core.ids import uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.flights import service as flights
from app.flights.connections import service as connections
from app.flights.connections.schemas import SliceQuery, TimeWindow
from app.flights.schemas import Cabin, Departure, FlightView
from app.offers import batch, engine, packing, rules, store
from app.offers.errors import AirportUnknown, OfferExpired, OfferNotFound
from app.offers.schemas import (
    PACKED_VERSION,
    AvailabilityNote,
    ExchangeRate,
    Offer,
    OfferRequestCreate,
    OfferRequestRow,
    OfferRequestView,
    SliceRequest,
    TimeOfDay,
    Visitor,
)
from app.offers.search_events import service as search_events
from app.offers.search_events.schemas import SearchEvent, SearchEventKind
from app.offers.sources import service as sources
from app.offers.sources.base import OutsideOffer, OutsideQuery, OutsideSliceQuery, SourceName
from app.pricing import service as pricing
from app.pricing.fx.schemas import Exchange
from app.pricing.schemas import PassengerType
from app.reference import service as reference

OFFER_LIFE = timedelta(minutes=30)
# Long after the last offer died, by real time: those of a played history died before they were made.
REQUEST_LIFE = timedelta(days=2)


async def create_offer_request(body: OfferRequestCreate, visitor: Visitor) -> OfferRequestView:
    """Search, and promise the prices found for OFFER_LIFE; ask outside sources meanwhile.

    Opens its own transactions: the search is over before its row waits for a batch.
    Raises AirportUnknown, CurrencyUnavailable, SearchBusy."""
    outside = sources.search(body.outside_sources, _outside_query(body))
    view, (outside_offers, notes) = await asyncio.gather(_search(body, visitor), outside)
    return view.model_copy(update={"outside_offers": outside_offers, "outside_sources": notes})


async def list_offers(session: AsyncSession, request_id: UUID, window: Window, now: datetime) -> Page[Offer]:
    """A page of a request's offers, in the order it asked for.

    Raises OfferNotFound, OfferExpired, CursorInvalid."""
    row = await store.find_offers(session, request_id)
    if row is None:
        raise OfferNotFound()
    _ensure_good(row.expires_at, row.version, now)
    ordinals = rules.ordinals(len(row.offers["picks"]), _ordinal(window), is_backwards=window.is_backwards)
    shown = ordinals[: window.limit + 1]
    offers = [packing.unpack_one(request_id, ordinal, row.expires_at, row.offers) for ordinal in shown]
    return page_of(offers, window, [str(ordinal) for ordinal in shown])


async def look_at_offer(session: AsyncSession, offer_id: UUID, now: datetime, visitor: Visitor) -> Offer:
    """The offer as it was made, and a note that somebody looked. Raises OfferNotFound, OfferExpired."""
    offer = await get_offer(session, offer_id, now)
    search_events.note(_look_event(offer, visitor, now))
    return offer


async def get_outside_offer(source: SourceName, offer_id: str) -> OutsideOffer:
    """The offer as its source has it now. Raises OfferNotFound, SourceFailed."""
    offer = await sources.find_offer(source, offer_id)
    if offer is None:
        raise OfferNotFound()
    return offer


async def _search(body: OfferRequestCreate, visitor: Visitor) -> OfferRequestView:
    began = time.perf_counter()
    async with transaction() as session:
        now = await clock.now(session)
        slices = [await _choices(session, body, asked, now) for asked in body.slices]
        await _ensure_airports_known(session, body.slices, slices)
        seats_by_type = await reference.list_aircraft_seats(session)
        exchange = await _exchange(session, body.currency, slices, now)
        pricing_rules = await pricing.list_pricing_rules(session, now)
    request_id = rules.request_key(uuid7())
    offers = engine.make_offers(
        request_id,
        slices,
        body.party,
        now + OFFER_LIFE,
        sort=body.sort,
        seats_by_type=seats_by_type,
        exchange=exchange,
        pricing_rules=pricing_rules,
        max_total_minor=body.max_total_minor,
    )
    view = OfferRequestView(
        id=request_id,
        created_at=now,
        expires_at=now + OFFER_LIFE,
        offers=offers[: body.limit],
        offers_found=len(offers),
        availability=_how_fresh(slices),
        outside_offers=[],
        outside_sources=[],
    )
    await batch.write(_row(view, offers, engine.rate_of(exchange), body, visitor.user_id))
    took_ms = round((time.perf_counter() - began) * 1000)
    search_events.note(_search_event(view, offers, body, visitor, took_ms))
    return view


async def get_offer(session: AsyncSession, offer_id: UUID, now: datetime) -> Offer:
    """The offer as it was made. Raises OfferNotFound, OfferExpired."""
    found = (await look_up_offers(session, [offer_id], now))[offer_id]
    if isinstance(found, Offer):
        return found
    raise found


async def look_up_offers(
    session: AsyncSession, offer_ids: Collection[UUID], now: datetime
) -> dict[UUID, Offer | OfferNotFound | OfferExpired]:
    """Each offer as it was made, or why it cannot be had."""
    places = {offer_id: rules.split_offer_id(offer_id) for offer_id in offer_ids}
    asked = {(request_id, ordinal - 1) for request_id, ordinal in places.values() if ordinal}
    rows = {(row.request_id, row.position): row for row in await store.list_picked(session, list(asked))}
    return {
        offer_id: _offer_of(offer_id, rows.get((request_id, ordinal - 1)), now)
        for offer_id, (request_id, ordinal) in places.items()
    }


def _offer_of(offer_id: UUID, row: Row[Any] | None, now: datetime) -> Offer | OfferNotFound | OfferExpired:
    if row is None:
        return OfferNotFound()
    try:
        _ensure_good(row.expires_at, row.version, now)
    except OfferExpired as refusal:
        return refusal
    return packing.unpack(offer_id, row.expires_at, row.slices, row.fare, row.pick, row.fx)


async def offer_flight(
    session: AsyncSession,
    flight: FlightView,
    cabin: Cabin,
    party: Sequence[PassengerType],
    seats_open: Mapping[str, int],
    expires_at: datetime,
    now: datetime,
) -> Offer | None:
    """The cheapest offer on one flight for a party, given what each class can sell; None without seats.

    Kept nowhere: for what books it at once on somebody's behalf."""
    shown: dict[str, Any] = {field.name: getattr(flight, field.name, None) for field in fields(Departure)}
    departure = Departure(
        **shown
        | {
            "flight_id": flight.id,
            "classes": list(seats_open),
            "seats_open": list(seats_open.values()),
            "source_ts": now,
            "read_at": now,
        }
    )
    bought_on = now.astimezone(ZoneInfo(flight.departs_zone)).date()
    products = await pricing.list_fare_products(session, cabin, bought_on, flight.departure_date)
    choices = engine.SliceChoices(cabin, [[departure]], products, bought_on)
    found = engine.make_offers(
        rules.request_key(uuid7()),
        [[choices]],
        party,
        expires_at,
        seats_by_type=await reference.list_aircraft_seats(session),
        pricing_rules=await pricing.list_pricing_rules(session, now),
    )
    return found[0] if found else None


def _ensure_good(expires_at: datetime, version: int | None, now: datetime) -> None:
    if expires_at <= now:
        raise OfferExpired(f"it was good until {expires_at.isoformat()}")
    if version != PACKED_VERSION:
        raise OfferExpired("it was made by an earlier release")


def _ordinal(window: Window) -> int | None:
    try:
        return None if window.place is None else int(window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


async def sweep_offer_requests(session: AsyncSession, limit: int) -> int:
    """Forget old requests; how many."""
    return await store.delete_old(session, REQUEST_LIFE, limit)


async def _choices(
    session: AsyncSession, body: OfferRequestCreate, asked: SliceRequest, now: datetime
) -> list[engine.SliceChoices]:
    """The ways to fly one slice and the products on sale for them, for each cabin."""
    choices = []
    for cabin in body.all_cabins:
        query = _query(body, asked, cabin)
        ways = await connections.find_itineraries(session, query, now, body.max_stops)
        if not ways:
            choices.append(engine.SliceChoices(cabin, [], []))
            continue
        # All ways of a slice leave from one airport on one local day, so one answer serves them all.
        bought_on = now.astimezone(ZoneInfo(ways[0][0].departs_zone)).date()
        stays = rules.stay_days([each.departure_date for each in body.slices])
        products = await pricing.list_fare_products(session, cabin, bought_on, asked.departure_date, stays)
        choices.append(engine.SliceChoices(cabin, ways, products, bought_on))
    return choices


def _query(body: OfferRequestCreate, asked: SliceRequest, cabin: Cabin) -> SliceQuery:
    return SliceQuery(
        origin=asked.origin,
        destination=asked.destination,
        departure_date=asked.departure_date,
        cabin=cabin,
        seats=sum(passenger.needs_seat for passenger in body.party),
        airlines=None if body.airlines is None else tuple(body.airlines),
        departs=_window(asked.departs),
        arrives=_window(asked.arrives),
    )


def _window(asked: TimeOfDay | None) -> TimeWindow | None:
    return None if asked is None else TimeWindow(asked.earliest, asked.latest)


async def _exchange(
    session: AsyncSession,
    currency: str | None,
    slices: Sequence[Sequence[engine.SliceChoices]],
    now: datetime,
) -> Exchange | None:
    """How the fares found become the currency asked for; all fares are of one currency."""
    bases = {product.currency for choices in slices for choice in choices for product in choice.products}
    if not bases:
        return None
    (base,) = bases
    return await pricing.find_exchange(session, base, currency, now.date())


async def _ensure_airports_known(
    session: AsyncSession, asked: Sequence[SliceRequest], found: Sequence[Sequence[engine.SliceChoices]]
) -> None:
    """Looked at only where nothing was found: a search that finds something pays nothing for it."""
    for place, (one, choices) in enumerate(zip(asked, found, strict=True)):
        if any(choice.itineraries for choice in choices):
            continue
        known = await reference.find_airports(session, [one.origin, one.destination])
        for field, code in (("origin", one.origin), ("destination", one.destination)):
            if code not in known:
                raise AirportUnknown(f"{code} is not an airport of ours", pointer=f"/slices/{place}/{field}")


def _how_fresh(slices: Sequence[Sequence[engine.SliceChoices]]) -> AvailabilityNote:
    looked_at = [leg for choices in slices for choice in choices for way in choice.itineraries for leg in way]
    if not looked_at:
        return AvailabilityNote(as_of=None, age_ms=None)
    newest = max(looked_at, key=lambda leg: leg.source_ts)
    return AvailabilityNote(as_of=newest.source_ts, age_ms=flights.age_ms(newest.source_ts, newest.read_at))


def _row(
    view: OfferRequestView,
    offers: Sequence[Offer],
    fx: ExchangeRate | None,
    body: OfferRequestCreate,
    user_id: UUID | None,
) -> OfferRequestRow:
    context = current()
    first = body.slices[0]
    return OfferRequestRow(
        id=view.id,
        user_id=user_id,
        origin=first.origin,
        destination=first.destination,
        departure_date=first.departure_date,
        cabin=body.all_cabins[0],
        passengers=body.passengers,
        offers=packing.pack(offers, fx),
        availability_as_of=view.availability.as_of,
        created_at=view.created_at,
        expires_at=view.expires_at,
        request_id=context.request_id,
        simulated=context.is_simulated,
    )


def _outside_query(body: OfferRequestCreate) -> OutsideQuery:
    return OutsideQuery(
        slices=[
            OutsideSliceQuery(
                origin=asked.origin, destination=asked.destination, departure_date=asked.departure_date
            )
            for asked in body.slices
        ],
        party=body.party,
        cabin=body.all_cabins[0],
        max_stops=body.max_stops,
    )


def _search_event(
    view: OfferRequestView, offers: Sequence[Offer], body: OfferRequestCreate, visitor: Visitor, took_ms: int
) -> SearchEvent:
    first = body.slices[0]
    total = offers[0].total if offers else None
    return SearchEvent(
        id=uuid7(),
        kind=SearchEventKind.SEARCH,
        offer_request_id=view.id,
        **_who(visitor, body.party),
        origin=first.origin,
        destination=first.destination,
        departure_date=first.departure_date,
        slices=len(body.slices),
        stay_days=rules.stay_days([asked.departure_date for asked in body.slices]),
        cabin=body.all_cabins[0],
        max_stops=body.max_stops,
        sort=body.sort,
        offers_found=len(offers),
        total_minor=None if total is None else total.amount_minor,
        currency=None if total is None else total.currency,
        availability_age_ms=view.availability.age_ms,
        took_ms=took_ms,
        occurred_at=view.created_at,
    )


def _look_event(offer: Offer, visitor: Visitor, now: datetime) -> SearchEvent:
    dates = [part.segments[0].departs_local.date() for part in offer.slices]
    return SearchEvent(
        id=uuid7(),
        kind=SearchEventKind.LOOK,
        offer_request_id=rules.split_offer_id(offer.id)[0],
        offer_id=offer.id,
        **_who(visitor, [price.type for price in offer.passengers]),
        origin=offer.slices[0].origin,
        destination=offer.slices[0].destination,
        departure_date=dates[0],
        slices=len(offer.slices),
        stay_days=rules.stay_days(dates),
        cabin=offer.cabin,
        total_minor=offer.total.amount_minor,
        currency=offer.total.currency,
        occurred_at=now,
    )


def _who(visitor: Visitor, party: Sequence[PassengerType]) -> dict[str, Any]:
    context, types = current(), Counter(party)
    return {
        "user_id": visitor.user_id,
        "session_hash": None if visitor.session is None else keyed_hash("session", visitor.session),
        "source": visitor.source,
        "adults": types[PassengerType.ADULT],
        "children": types[PassengerType.CHILD],
        "infants": types[PassengerType.INFANT],
        "request_id": context.request_id,
        "simulated": context.is_simulated,
    }

"""Finding again what was offered. Searching itself is in searching.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.flights.schemas import Cabin, Departure, FlightView
from app.offers import engine, noting, packing, rules, store
from app.offers.errors import OfferExpired, OfferNotFound
from app.offers.schemas import (
    PACKED_VERSION,
    Offer,
    Visitor,
)
from app.offers.search_events import service as search_events
from app.offers.sources import service as sources
from app.offers.sources.base import OutsideOffer, SourceName
from app.pricing import service as pricing
from app.pricing.schemas import PassengerType
from app.reference import service as reference

# Long after the last offer died, by real time: those of a played history died before they were made.
REQUEST_LIFE = timedelta(days=2)


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
    search_events.note(noting.look(offer, visitor, now))
    return offer


async def get_outside_offer(source: SourceName, offer_id: str) -> OutsideOffer:
    """The offer as its source has it now. Raises OfferNotFound, SourceFailed."""
    offer = await sources.find_offer(source, offer_id)
    if offer is None:
        raise OfferNotFound()
    return offer


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

"""Searching, and finding again what was offered."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.context import current
from app.core.db import transaction
from app.core.ids import uuid7
from app.flights import service as flights
from app.flights.schemas import Departure
from app.offers import batch, engine, packing, rules, store
from app.offers.errors import AirportUnknown, OfferExpired, OfferNotFound
from app.offers.schemas import (
    PACKED_VERSION,
    AvailabilityNote,
    Offer,
    OfferRequestCreate,
    OfferRequestRow,
    OfferRequestView,
    SliceRequest,
)
from app.pricing import service as pricing
from app.pricing.schemas import FareProduct
from app.reference import service as reference

OFFER_LIFE = timedelta(minutes=30)
# Long after the last offer died, by real time: those of a played history died before they were made.
REQUEST_LIFE = timedelta(days=2)


async def create_offer_request(body: OfferRequestCreate, user_id: UUID | None) -> OfferRequestView:
    """Search one way and promise the prices found for OFFER_LIFE. Raises AirportUnknown, SearchBusy.

    Opens its own transactions: the search is over before its row waits for a batch."""
    asked = body.slices[0]
    async with transaction() as session:
        now = await clock.now(session)
        departures = await flights.find_departures(
            session, asked.origin, asked.destination, asked.departure_date, body.cabin, now,
            engine.MAX_DEPARTURES,
        )  # fmt: skip
        if departures:
            products = await _products_for_sale(session, departures[0], body, now)
            seats = await reference.list_aircraft_seats(session)
        else:
            products, seats = [], {}
            await _ensure_airports_known(session, asked)
    request_id = rules.request_key(uuid7())
    expires_at = now + OFFER_LIFE
    choices = engine.SliceChoices(body.cabin, [[departure] for departure in departures], products)
    offers = engine.make_offers(request_id, [[choices]], body.party, expires_at, seats_by_type=seats)
    availability = _how_fresh(departures)
    view = OfferRequestView(
        id=request_id, created_at=now, expires_at=expires_at, offers=offers, availability=availability
    )
    await batch.write(_row(view, body, user_id))
    return view


async def get_offer(session: AsyncSession, offer_id: UUID, now: datetime) -> Offer:
    """The offer as it was made. Raises OfferNotFound, OfferExpired."""
    request_id, ordinal = rules.split_offer_id(offer_id)
    row = await store.find_offer(session, request_id, ordinal - 1) if ordinal else None
    if row is None:
        raise OfferNotFound()
    if row.expires_at <= now:
        raise OfferExpired(f"it was good until {row.expires_at.isoformat()}")
    if row.version != PACKED_VERSION:
        raise OfferExpired("it was made by an earlier release")
    return packing.unpack(offer_id, row.expires_at, row.slices, row.fare, row.pick, row.fx)


async def sweep_offer_requests(session: AsyncSession, limit: int) -> int:
    """Forget old requests; how many."""
    return await store.delete_old(session, REQUEST_LIFE, limit)


async def _products_for_sale(
    session: AsyncSession, departure: Departure, body: OfferRequestCreate, now: datetime
) -> list[FareProduct]:
    """All departures of a search leave from one airport on one local day, so one answer serves them all."""
    bought_on = now.astimezone(ZoneInfo(departure.departs_zone)).date()
    return await pricing.list_fare_products(session, body.cabin, bought_on, departure.departure_date)


async def _ensure_airports_known(session: AsyncSession, asked: SliceRequest) -> None:
    """Looked at only when nothing was found: a search that finds something pays nothing for it."""
    known = await reference.find_airports(session, [asked.origin, asked.destination])
    for field, code in (("origin", asked.origin), ("destination", asked.destination)):
        if code not in known:
            raise AirportUnknown(f"{code} is not an airport of ours", pointer=f"/slices/0/{field}")


def _how_fresh(departures: list[Departure]) -> AvailabilityNote:
    if not departures:
        return AvailabilityNote(as_of=None, age_ms=None)
    as_of = max(departure.source_ts for departure in departures)
    return AvailabilityNote(as_of=as_of, age_ms=flights.age_ms(as_of, departures[0].read_at))


def _row(view: OfferRequestView, body: OfferRequestCreate, user_id: UUID | None) -> OfferRequestRow:
    context = current()
    asked = body.slices[0]
    return OfferRequestRow(
        id=view.id,
        user_id=user_id,
        origin=asked.origin,
        destination=asked.destination,
        departure_date=asked.departure_date,
        cabin=body.cabin,
        passengers=body.passengers,
        offers=packing.pack(view.offers),
        availability_as_of=view.availability.as_of,
        created_at=view.created_at,
        expires_at=view.expires_at,
        request_id=context.request_id,
        simulated=context.is_simulated,
    )

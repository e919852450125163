"""A search from the question to the answer: kept or made anew, and written down either way."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.context import current
from app.core.db import transaction
from app.core.ids import uuid7
from app.flights import service as flights
from app.flights.connections import service as connections
from app.flights.connections.schemas import SliceQuery, TimeWindow
from app.flights.schemas import Cabin
from app.offers import answers, batch, engine, noting, rules
from app.offers.answers import Answer
from app.offers.errors import AirportUnknown
from app.offers.schemas import (
    OfferRequestCreate,
    OfferRequestHead,
    OutsidePart,
    SliceRequest,
    TimeOfDay,
    Visitor,
)
from app.offers.search_events import service as search_events
from app.offers.sources import service as sources
from app.offers.sources.base import OutsideOffer, OutsideQuery, OutsideSliceQuery, SourceNote
from app.pricing import service as pricing
from app.pricing.adjustments.schemas import PricingRule
from app.pricing.fx.schemas import Exchange
from app.reference import service as reference

OFFER_LIFE = timedelta(minutes=30)


async def create_offer_request(body: OfferRequestCreate, visitor: Visitor) -> bytes:
    """Search, and promise the prices found for OFFER_LIFE; ask outside sources meanwhile.

    The answer is an OfferRequestView as JSON. Opens its own transactions: the search is over before its row
    waits for a batch. Raises AirportUnknown, CurrencyUnavailable, SearchBusy."""
    if not body.outside_sources:
        return await _search(body, visitor, None)
    outside = asyncio.create_task(sources.search(body.outside_sources, _outside_query(body)))
    try:
        return await _search(body, visitor, outside)
    finally:
        outside.cancel()


async def _search(
    body: OfferRequestCreate,
    visitor: Visitor,
    outside: asyncio.Task[tuple[list[OutsideOffer], list[SourceNote]]] | None,
) -> bytes:
    began = time.perf_counter()
    async with transaction() as session:
        # A connection is taken from the pool only by the first statement, and most searches need none.
        now = clock.at_hand() or await clock.now(session)
        holding = await pricing.list_pricing_rules(session, now)
        answer = await _answer(session, body, now, holding)
    request_id, expires_at = rules.request_key(uuid7()), now + OFFER_LIFE
    await batch.write_document(_row(request_id, answer, body, visitor.user_id, now))
    age_ms = None if answer.as_of is None else flights.age_ms(answer.as_of, clock.database_now() or now)
    took_ms = round((time.perf_counter() - began) * 1000)
    search_events.note(noting.search(request_id, answer, body, visitor, now, age_ms, took_ms))
    part = None
    if outside is not None:
        offers, notes = await outside
        part = OutsidePart(outside_offers=offers, outside_sources=notes)
    return answers.give(answer, request_id, now, expires_at, age_ms, part)


async def _answer(
    session: AsyncSession, body: OfferRequestCreate, now: datetime, holding: Sequence[PricingRule]
) -> Answer:
    key = _key(body, now, holding)
    kept = None if key is None else await answers.process().find(key)
    if kept is not None:
        return kept
    answers.KEPT.labels("made").inc()
    slices = [await _choices(session, body, asked, now) for asked in body.slices]
    await _ensure_airports_known(session, body.slices, slices)
    exchange = await _exchange(session, body.currency, slices, now)
    offers = engine.make_offers(
        answers.TEMPLATE_REQUEST,
        slices,
        body.party,
        answers.TEMPLATE_EXPIRES,
        sort=body.sort,
        seats_by_type=await reference.list_aircraft_seats(session),
        exchange=exchange,
        pricing_rules=holding,
        max_total_minor=body.max_total_minor,
    )
    answer = answers.make(offers, body.limit, _as_of(slices), engine.rate_of(exchange))
    if key is not None:
        answers.process().keep(key, answer)
    return answer


def _key(body: OfferRequestCreate, now: datetime, holding: Sequence[PricingRule]) -> bytes | None:
    """None where it cannot be told what the answer follows from. Taken before the search: what moves
    meanwhile makes the answer newer than its key."""
    marks = []
    for asked in body.slices:
        for cabin in body.all_cabins:
            mark = connections.mark(_query(body, asked, cabin), now, body.max_stops)
            if mark is None:
                return None
            marks.append(mark)
    return answers.key_of(body, now, holding, marks)


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


def _as_of(slices: Sequence[Sequence[engine.SliceChoices]]) -> datetime | None:
    """The newest change among the cabins looked at, None when there were none."""
    looked_at = (leg for choices in slices for choice in choices for way in choice.itineraries for leg in way)
    return max((leg.source_ts for leg in looked_at), default=None)


def _row(
    request_id: UUID, answer: Answer, body: OfferRequestCreate, user_id: UUID | None, now: datetime
) -> str:
    context = current()
    first = body.slices[0]
    head = OfferRequestHead(
        id=request_id,
        user_id=user_id,
        origin=first.origin,
        destination=first.destination,
        departure_date=first.departure_date,
        cabin=body.all_cabins[0],
        passengers=body.passengers,
        availability_as_of=answer.as_of,
        created_at=now,
        expires_at=now + OFFER_LIFE,
        request_id=context.request_id,
        simulated=context.is_simulated,
    )
    return f'{head.model_dump_json()[:-1]},"offers":{answer.packed.decode()}}}'


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

"""What is noted of searches and looks."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.hashes import keyed_hash
from app.core.ids import uuid7
from app.offers import rules
from app.offers.answers import Answer
from app.offers.schemas import Offer, OfferRequestCreate, Visitor
from app.offers.search_events.schemas import SearchEvent, SearchEventKind
from app.pricing.schemas import PassengerType


def search(
    request_id: UUID,
    answer: Answer,
    body: OfferRequestCreate,
    visitor: Visitor,
    now: datetime,
    age_ms: int | None,
    took_ms: int,
) -> SearchEvent:
    first = body.slices[0]
    return SearchEvent(
        id=uuid7(),
        kind=SearchEventKind.SEARCH,
        offer_request_id=request_id,
        **_who(visitor, body.party),
        origin=first.origin,
        destination=first.destination,
        departure_date=first.departure_date,
        slices=len(body.slices),
        stay_days=rules.stay_days([asked.departure_date for asked in body.slices]),
        cabin=body.all_cabins[0],
        max_stops=body.max_stops,
        sort=body.sort,
        offers_found=answer.offers_found,
        total_minor=answer.total_minor,
        currency=answer.currency,
        availability_age_ms=age_ms,
        took_ms=took_ms,
        occurred_at=now,
    )


def look(offer: Offer, visitor: Visitor, now: datetime) -> SearchEvent:
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

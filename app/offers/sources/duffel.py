"""Duffel's public API, version 2, over HTTP: offer requests, and offers read again."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

import httpx2
import structlog
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from pydantic import BaseModel, ValidationError

from app.core.money import Money
from app.flights.schemas import Cabin
from app.offers.errors import SourceFailed
from app.offers.sources.base import (
    OutsideOffer,
    OutsideQuery,
    OutsideSegment,
    OutsideSlice,
    SourceName,
)
from app.pricing.fx.rules import minor_units
from app.pricing.schemas import Condition, Conditions, PassengerType

VERSION = "v2"
CONNECT_SECONDS = 2.0
# What Duffel may take to ask the airlines, and what we wait: a traveller is waiting for both.
SUPPLIER_SECONDS = 8
ANSWER_SECONDS = SUPPLIER_SECONDS + 2.0
# Past so many failures in a row a source is not asked for a while: it would only slow every search.
FAILURES_BEFORE_A_BREAK = 3
BREAK_SECONDS = 30

TOO_MANY = 429
SERVER_ERRORS = 500

TYPES = {
    PassengerType.ADULT: "adult",
    PassengerType.CHILD: "child",
    PassengerType.INFANT: "infant_without_seat",
}
OUR_TYPES = {theirs: ours for ours, theirs in TYPES.items()}
CABINS = {
    Cabin.ECONOMY: "economy",
    Cabin.PREMIUM_ECONOMY: "premium_economy",
    Cabin.BUSINESS: "business",
    Cabin.FIRST: "first",
}

log = structlog.get_logger(__name__)


class _Answer(BaseModel):
    """What is read of an answer; the many other fields are let pass, as their documentation asks."""


class _Place(_Answer):
    iata_code: str
    time_zone: str | None = None


class _Carrier(_Answer):
    iata_code: str | None


class _Aircraft(_Answer):
    iata_code: str | None


class _SegmentPassenger(_Answer):
    cabin_class: str | None = None
    fare_basis_code: str | None = None


class _Segment(_Answer):
    marketing_carrier: _Carrier
    marketing_carrier_flight_number: str
    operating_carrier: _Carrier
    origin: _Place
    destination: _Place
    departing_at: datetime
    arriving_at: datetime
    duration: timedelta | None = None
    aircraft: _Aircraft | None = None
    passengers: list[_SegmentPassenger] = []


class _Slice(_Answer):
    origin: _Place
    destination: _Place
    fare_brand_name: str | None = None
    segments: list[_Segment]


class _Condition(_Answer):
    allowed: bool
    penalty_amount: Decimal | None = None
    penalty_currency: str | None = None


class _Conditions(_Answer):
    change_before_departure: _Condition | None = None
    refund_before_departure: _Condition | None = None


class _Passenger(_Answer):
    type: str


class _Offer(_Answer):
    id: str
    owner: _Carrier
    expires_at: datetime
    total_amount: Decimal
    total_currency: str
    tax_amount: Decimal | None = None
    tax_currency: str | None = None
    total_emissions_kg: Decimal | None = None
    slices: list[_Slice]
    passengers: list[_Passenger]
    conditions: _Conditions = _Conditions()


class _OfferAnswer(_Answer):
    data: _Offer


class _OfferRequest(_Answer):
    offers: list[_Offer]


class _OfferRequestAnswer(_Answer):
    data: _OfferRequest


class Duffel:
    """One address and token. Its client and its breaker live as long as it does."""

    name = SourceName.DUFFEL

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url,
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            headers={
                "authorization": f"Bearer {token}",
                "duffel-version": VERSION,
                "accept": "application/json",
            },
        )
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=FAILURES_BEFORE_A_BREAK, default_ttl=BREAK_SECONDS
        )

    async def search(self, query: OutsideQuery, limit: int) -> list[OutsideOffer]:
        """The cheapest `limit` offers. Raises SourceFailed."""
        asked = {"return_offers": "true", "supplier_timeout": str(SUPPLIER_SECONDS * 1000)}
        answer = await self._call("POST", "/air/offer_requests", params=asked, json={"data": _asked(query)})
        offers = [_shown(offer) for offer in _read(_OfferRequestAnswer, answer).data.offers]
        return sorted(offers, key=lambda offer: offer.total.amount_minor)[:limit]

    async def find_offer(self, offer_id: str) -> OutsideOffer | None:
        """The offer as it is now; None once it is gone. Raises SourceFailed."""
        answer = await self._call("GET", f"/air/offers/{offer_id}", allowed=(404, 410))
        return None if answer.status_code in (404, 410) else _shown(_read(_OfferAnswer, answer).data)

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(
        self, method: str, path: str, allowed: tuple[int, ...] = (), **request: Any
    ) -> httpx2.Response:
        """One try: whoever waits is a traveller, and a search asked twice is two searches."""
        breaker = await self._breakers.get_breaker(self.name)
        try:
            async with breaker:
                answer = await self._client.request(method, path, **request)
                if answer.status_code == TOO_MANY or answer.status_code >= SERVER_ERRORS:
                    answer.raise_for_status()
        except OpenedState:
            raise SourceFailed("it has failed several times; it is asked again soon") from None
        except httpx2.HTTPError as error:
            log.warning("source_failed", source=self.name, kind=type(error).__name__)
            raise SourceFailed(f"it failed with {type(error).__name__}") from error
        if answer.is_error and answer.status_code not in allowed:
            # Our fault rather than theirs, so no reason to leave the source alone.
            log.warning("source_refused", source=self.name, status=answer.status_code)
            raise SourceFailed(f"it refused with status {answer.status_code}")
        return answer


def _asked(query: OutsideQuery) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "slices": [
            {
                "origin": each.origin,
                "destination": each.destination,
                "departure_date": each.departure_date.isoformat(),
            }
            for each in query.slices
        ],
        "passengers": [{"type": TYPES[kind]} for kind in query.party],
        "cabin_class": CABINS[query.cabin],
    }
    return asked if query.max_stops is None else asked | {"max_connections": query.max_stops}


Read = TypeVar("Read", bound=_Answer)


def _read(kind: type[Read], answer: httpx2.Response) -> Read:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        log.warning("source_misunderstood", source=Duffel.name, errors=error.error_count())
        raise SourceFailed("its answer is not what its contract says") from error


def _shown(offer: _Offer) -> OutsideOffer:
    return OutsideOffer(
        source=Duffel.name,
        id=offer.id,
        airline=offer.owner.iata_code or "",
        expires_at=offer.expires_at,
        total=_money(offer.total_amount, offer.total_currency),
        taxes=_maybe_money(offer.tax_amount, offer.tax_currency),
        slices=[_slice(part) for part in offer.slices],
        passengers=[OUR_TYPES.get(each.type, PassengerType.ADULT) for each in offer.passengers],
        conditions=Conditions(
            change_before_departure=_condition(offer.conditions.change_before_departure),
            cancel_before_departure=_condition(offer.conditions.refund_before_departure),
        ),
        co2_kg=offer.total_emissions_kg,
    )


def _slice(part: _Slice) -> OutsideSlice:
    return OutsideSlice(
        origin=part.origin.iata_code,
        destination=part.destination.iata_code,
        brand=part.fare_brand_name,
        segments=[_segment(segment) for segment in part.segments],
    )


def _segment(segment: _Segment) -> OutsideSegment:
    first = segment.passengers[0] if segment.passengers else _SegmentPassenger()
    return OutsideSegment(
        airline=segment.marketing_carrier.iata_code or "",
        flight_number=segment.marketing_carrier_flight_number,
        operated_by=segment.operating_carrier.iata_code or "",
        origin=segment.origin.iata_code,
        destination=segment.destination.iata_code,
        departs_local=segment.departing_at,
        departs_zone=segment.origin.time_zone,
        arrives_local=segment.arriving_at,
        arrives_zone=segment.destination.time_zone,
        duration=segment.duration,
        aircraft_type=segment.aircraft.iata_code if segment.aircraft else None,
        cabin=first.cabin_class,
        fare_basis=first.fare_basis_code,
    )


def _condition(stated: _Condition | None) -> Condition | None:
    if stated is None:
        return None
    return Condition(
        allowed=stated.allowed, penalty=_maybe_money(stated.penalty_amount, stated.penalty_currency)
    )


def _maybe_money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else _money(amount, currency)


def _money(amount: Decimal, currency: str) -> Money:
    """Decimal amounts of the source, in the minor unit of their currency."""
    exact = amount * Decimal(10) ** minor_units(currency)
    return Money(amount_minor=int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), currency=currency)

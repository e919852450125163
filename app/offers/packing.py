"""How the offers of a request are kept: each slice and each fare once, an offer being a pick of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.http import Schema
from app.offers import emissions, rules
from app.offers.schemas import (
    Emissions,
    ExchangeRate,
    Offer,
    OfferLeg,
    OfferSegment,
    OfferSlice,
    PackedFare,
    PackedOffers,
    PackedSlice,
    SegmentFare,
)


def pack(offers: Sequence[Offer], fx: ExchangeRate | None = None) -> PackedOffers:
    """What to keep of the offers: 150 of them repeat 50 slices and a handful of fares."""
    slices: dict[tuple[UUID, ...], tuple[int, PackedSlice]] = {}
    fares: dict[tuple[object, ...], tuple[int, PackedFare]] = {}
    picks = []
    for offer in offers:
        places = []
        for part in offer.slices:
            flown = tuple(segment.flight_id for segment in part.segments)
            if flown not in slices:
                slices[flown] = (len(slices), _packed_slice(part))
            places.append(slices[flown][0])
        key = _fare_key(offer)
        if key not in fares:
            fares[key] = (len(fares), _packed_fare(offer))
        picks.append((places, fares[key][0], offer.seats_left, offer.co2.kg_per_passenger))
    return PackedOffers(
        slices=[packed for _, packed in slices.values()],
        fares=[packed for _, packed in fares.values()],
        picks=picks,
        fx=fx,
    )


def unpack(
    offer_id: UUID, expires_at: datetime, slices: list[Any], fare: Any, pick: list[Any], fx: Any
) -> Offer:
    """One offer out of its kept parts, as it was made."""
    kept = PackedFare.model_validate(fare)
    sold_as = iter(kept.segments)
    flown = [
        OfferSlice(
            origin=part.origin,
            destination=part.destination,
            segments=[
                OfferSegment(**_fields(leg, OfferLeg), **_fields(next(sold_as), SegmentFare))
                for leg in part.segments
            ],
        )
        for part in (PackedSlice.model_validate(each) for each in slices)
    ]
    return build(
        offer_id,
        expires_at,
        flown,
        kept,
        seats_left=pick[2],
        kg=pick[3],
        fx=None if fx is None else ExchangeRate.model_validate(fx),
    )


def unpack_one(request_id: UUID, ordinal: int, expires_at: datetime, kept: dict[str, Any]) -> Offer:
    """The offer at a place of a request, out of all that is kept of it."""
    pick = kept["picks"][ordinal - 1]
    slices = [kept["slices"][place] for place in pick[0]]
    return unpack(
        rules.offer_id(request_id, ordinal), expires_at, slices, kept["fares"][pick[1]], pick, kept["fx"]
    )


def build(
    offer_id: UUID,
    expires_at: datetime,
    slices: list[OfferSlice],
    fare: PackedFare,
    *,
    seats_left: int,
    kg: int,
    fx: ExchangeRate | None,
) -> Offer:
    """An offer. What stands beside its total is that of its first segment."""
    first = fare.segments[0]
    return Offer(
        id=offer_id,
        expires_at=expires_at,
        total=fare.total,
        cabin=first.cabin,
        fare_class=first.fare_class,
        fare_product_id=first.fare_product_id,
        brand=fare.brand,
        fare_basis=first.fare_basis,
        slices=slices,
        passengers=fare.passengers,
        conditions=fare.conditions,
        seats_left=seats_left,
        co2=Emissions(kg_per_passenger=kg, source=emissions.SOURCE),
        fx=fx,
    )


def _fare_key(offer: Offer) -> tuple[object, ...]:
    """Offers of one fare share the prices of their passengers, the objects themselves."""
    products = (segment.fare_product_id for part in offer.slices for segment in part.segments)
    return (*(id(price) for price in offer.passengers), *products)


def _packed_slice(part: OfferSlice) -> PackedSlice:
    legs = [OfferLeg(**_fields(segment, OfferLeg)) for segment in part.segments]
    return PackedSlice(origin=part.origin, destination=part.destination, segments=legs)


def _packed_fare(offer: Offer) -> PackedFare:
    return PackedFare(
        total=offer.total,
        brand=offer.brand,
        segments=[
            SegmentFare(**_fields(segment, SegmentFare)) for part in offer.slices for segment in part.segments
        ],
        passengers=offer.passengers,
        conditions=offer.conditions,
    )


def _fields(model: Schema, kind: type[Schema]) -> dict[str, Any]:
    """A model's own values for the fields of one of its parents."""
    return {name: getattr(model, name) for name in kind.model_fields}

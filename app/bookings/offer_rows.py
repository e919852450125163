"""A price written down as the segments and items of a booking."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.bookings.schemas import ItemKind, LiveStatus
from app.core.ids import uuid7
from app.core.money import Money
from app.offers.schemas import Offer
from app.pricing.schemas import LineKind, PassengerPrice


def segment_rows(
    offer: Offer, common: dict[str, Any], slice_numbers: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """One segment for each flight of the offer. Its slices are counted from 1, or take these numbers."""
    numbers = slice_numbers or range(1, len(offer.slices) + 1)
    return [
        common
        | {
            "id": uuid7(),
            "flight_id": segment.flight_id,
            "slice_number": slice_number,
            "segment_number": segment_number,
            "cabin": segment.cabin,
            "fare_class": segment.fare_class,
            "fare_product_id": segment.fare_product_id,
            "status": LiveStatus.LIVE,
        }
        for slice_number, part in zip(numbers, offer.slices, strict=True)
        for segment_number, segment in enumerate(part.segments, 1)
    ]


def item_rows(
    offer: Offer, place: int, common: dict[str, Any], passenger_id: UUID, segments: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The fare of each segment and every tax of one of the offer's passengers."""
    sold_as = [(segment.fare_basis, offer.brand) for part in offer.slices for segment in part.segments]
    segment_ids = [segment["id"] for segment in segments]
    return price_rows(offer.passengers[place], sold_as, common, passenger_id, segment_ids)


def price_rows(
    price: PassengerPrice,
    sold_as: Sequence[tuple[str, str]],
    common: dict[str, Any],
    passenger_id: UUID,
    segment_ids: Sequence[UUID],
) -> list[dict[str, Any]]:
    """The items of one passenger's price over segments sold as (fare basis, brand)."""
    lines: list[tuple[ItemKind, str, str, Money, int | None]] = [
        (ItemKind.FARE, fare_basis, f"{brand} fare", fare, number)
        for number, ((fare_basis, brand), fare) in enumerate(zip(sold_as, price.segment_fares, strict=True))
    ]
    lines += [
        (ItemKind.TAX, line.code, line.description, line.amount, line.segment)
        for line in price.breakdown
        if line.kind in (LineKind.TAX, LineKind.FEE)
    ]
    return [
        common
        | {
            "id": uuid7(),
            "passenger_id": passenger_id,
            "segment_id": None if number is None else segment_ids[number],
            "kind": kind,
            "code": code,
            "description": description,
            "amount_minor": amount.amount_minor,
            "currency": amount.currency,
            "status": LiveStatus.LIVE,
        }
        for kind, code, description, amount, number in lines
    ]

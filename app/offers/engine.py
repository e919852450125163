"""From departures and fare products to priced offers. No I/O: what it needs has been read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.flights.schemas import Cabin, Departure
from app.offers import rules
from app.offers.schemas import Offer, OfferSegment, OfferSlice, PackedFare, PackedOffers
from app.pricing import service as pricing
from app.pricing.schemas import FareProduct, PassengerType, Quote

# 50 departures by 3 brands stay within the 255 ordinals of a request, and one answer within 200 kB.
MAX_DEPARTURES = 50
MAX_BRANDS = 3


def make_offers(
    request_id: UUID,
    departures: Sequence[Departure],
    products: Sequence[FareProduct],
    cabin: Cabin,
    party: Sequence[PassengerType],
    expires_at: datetime,
) -> list[Offer]:
    """One offer for each departure and brand that has the seats, the cheapest first."""
    seats = sum(passenger.needs_seat for passenger in party)
    found: list[tuple[Quote, Departure, FareProduct, OfferSlice, int]] = []
    # The departures of a search differ in time, hardly in distance: each product is priced about once.
    quotes: dict[tuple[UUID, int], Quote] = {}
    for departure in departures[:MAX_DEPARTURES]:
        seats_open = dict(zip(departure.classes, departure.seats_open, strict=True))
        itinerary = _slice(departure)
        for product in rules.cheapest_by_brand(products, seats_open, seats)[:MAX_BRANDS]:
            key = (product.id, departure.distance_km)
            if key not in quotes:
                quotes[key] = pricing.quote(product, [departure.distance_km], party)
            found.append((quotes[key], departure, product, itinerary, seats_open[product.fare_class]))
    found.sort(key=lambda entry: (entry[0].total.amount_minor, entry[1].departs_at, entry[1].flight_id))
    return [
        Offer(
            id=rules.offer_id(request_id, ordinal),
            expires_at=expires_at,
            total=quote.total,
            cabin=cabin,
            fare_class=product.fare_class,
            fare_product_id=product.id,
            brand=product.brand,
            fare_basis=product.fare_basis,
            slices=[itinerary],
            passengers=quote.passengers,
            conditions=product.conditions,
            seats_left=min(seats_left, rules.MAX_SEATS_TOLD),
        )
        for ordinal, (quote, _, product, itinerary, seats_left) in enumerate(found, start=1)
    ]


def pack(offers: Sequence[Offer]) -> PackedOffers:
    """What to keep of the offers: 150 of them repeat 50 slices and a handful of fares."""
    slices: dict[UUID, OfferSlice] = {}
    fares: dict[tuple[UUID, int], PackedFare] = {}
    keys = [
        (offer.slices[0].segments[0].flight_id, (offer.fare_product_id, offer.total.amount_minor))
        for offer in offers
    ]
    for offer, (flight_id, fare_key) in zip(offers, keys, strict=True):
        slices.setdefault(flight_id, offer.slices[0])
        if fare_key not in fares:
            fares[fare_key] = PackedFare(**{name: getattr(offer, name) for name in PackedFare.model_fields})
    slice_places = {key: place for place, key in enumerate(slices)}
    fare_places = {key: place for place, key in enumerate(fares)}
    return PackedOffers(
        slices=list(slices.values()),
        fares=list(fares.values()),
        picks=[
            (slice_places[flight_id], fare_places[fare_key], offer.seats_left)
            for offer, (flight_id, fare_key) in zip(offers, keys, strict=True)
        ],
    )


def _slice(departure: Departure) -> OfferSlice:
    segment = OfferSegment(
        flight_id=departure.flight_id,
        airline=departure.airline,
        flight_number=departure.flight_number,
        origin=departure.origin,
        destination=departure.destination,
        departs_local=departure.departs_local,
        departs_zone=departure.departs_zone,
        arrives_local=departure.arrives_local,
        arrives_zone=departure.arrives_zone,
        duration=departure.arrives_at - departure.departs_at,
        aircraft_type=departure.aircraft_type,
        distance_km=departure.distance_km,
    )
    return OfferSlice(origin=departure.origin, destination=departure.destination, segments=[segment])

"""From the ways to fly and the fare products to priced offers. No I/O: what it needs has been read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from itertools import product as every_combination
from uuid import UUID

from app.flights.schemas import Cabin, Departure
from app.offers import emissions, packing, rules
from app.offers.schemas import (
    ExchangeRate,
    Offer,
    OfferSegment,
    OfferSlice,
    PackedFare,
    SegmentFare,
    Sort,
)
from app.pricing import service as pricing
from app.pricing.adjustments.schemas import PricingRule, SegmentFacts
from app.pricing.fx.schemas import Exchange
from app.pricing.schemas import Adjustment, FareComponent, FareProduct, PassengerType, Quote

MAX_BRANDS = 3
# Within the 255 ordinals of a request. The offers that come first in the order asked are kept.
MAX_OFFERS = 250
# How many ways each slice is combined with the others, by their number: some thousand journeys at most.
WAYS_COMBINED = {1: 120, 2: 40, 3: 12, 4: 6, 5: 4}

Itinerary = Sequence[Departure]


@dataclass(frozen=True, slots=True)
class SliceChoices:
    """The ways to fly one slice in one cabin, and the products on sale for it."""

    cabin: Cabin
    itineraries: Sequence[Itinerary]
    products: Sequence[FareProduct]
    bought_on: date = date.min
    """The local day at the slice's origin; rules go by how long before departure a fare is bought."""


@dataclass(frozen=True, slots=True)
class _Priced:
    """One way to fly one slice, in one brand."""

    itinerary: Itinerary
    cabin: Cabin
    brand: str
    products: tuple[FareProduct, ...]
    quote: Quote
    seats_left: int

    @property
    def departs_at(self) -> datetime:
        return self.itinerary[0].departs_at

    @property
    def arrives_at(self) -> datetime:
        return self.itinerary[-1].arrives_at

    @property
    def worth(self) -> rules.Worth:
        stops = len(self.itinerary) - 1
        return rules.Worth(self.quote.total.amount_minor, self.arrives_at - self.departs_at, stops)


@dataclass(slots=True)
class _Search:
    """One search: what is asked of every offer, and what has been worked out before."""

    party: Sequence[PassengerType]
    sort: Sort
    seats_by_type: Mapping[str, int]
    exchange: Exchange | None
    pricing_rules: Sequence[PricingRule]
    # The departures of a search differ in time, hardly in distance: each product is priced about once.
    quotes: dict[tuple[object, ...], Quote] = field(default_factory=dict)
    joined: dict[tuple[int, ...], Quote] = field(default_factory=dict)
    fares: dict[tuple[object, ...], PackedFare] = field(default_factory=dict)

    @property
    def minor_per_base(self) -> float:
        """What a minor unit of the fares' own currency is worth in the offers'."""
        return 1.0 if self.exchange is None else pricing.minor_worth(self.exchange)

    @property
    def seats(self) -> int:
        return sum(passenger.needs_seat for passenger in self.party)


def make_offers(
    request_id: UUID,
    slices: Sequence[Sequence[SliceChoices]],
    party: Sequence[PassengerType],
    expires_at: datetime,
    *,
    sort: Sort = Sort.CHEAPEST,
    seats_by_type: Mapping[str, int] | None = None,
    exchange: Exchange | None = None,
    pricing_rules: Sequence[PricingRule] = (),
    max_total_minor: int | None = None,
) -> list[Offer]:
    """The best MAX_OFFERS of all journeys and brands that have the seats, in the order asked.

    `slices` holds for each slice its choices by cabin, in the same order of cabins."""
    search = _Search(party, sort, seats_by_type or {}, exchange, pricing_rules)
    journeys = [
        journey
        for choices in zip(*slices, strict=True)
        for journey in _journeys(search, choices)
        if max_total_minor is None or _total_minor(journey) <= max_total_minor
    ]
    journeys.sort(key=lambda journey: _order(search, journey))
    return [
        _offer(search, rules.offer_id(request_id, ordinal), expires_at, journey)
        for ordinal, journey in enumerate(journeys[:MAX_OFFERS], start=1)
    ]


def _journeys(search: _Search, choices: Sequence[SliceChoices]) -> Iterator[tuple[_Priced, ...]]:
    """Every combination of the slices in one brand, each beginning after the one before has ended."""
    ways = [_ways(search, each, WAYS_COMBINED[len(choices)]) for each in choices]
    for brand in ways[0]:
        for journey in every_combination(*(each.get(brand, []) for each in ways)):
            if all(a.arrives_at < b.departs_at for a, b in pairwise(journey)):
                yield journey


def _ways(search: _Search, choices: SliceChoices, limit: int) -> dict[str, list[_Priced]]:
    """The ways to fly one slice by brand, the best `limit` of each."""
    found: dict[str, list[_Priced]] = {}
    for itinerary in choices.itineraries:
        for brand, products in _brands(search, choices, itinerary):
            seats_left = min(
                leg.seats_open[leg.classes.index(product.fare_class)]
                for leg, product in zip(itinerary, products, strict=True)
            )
            priced = _Priced(
                itinerary,
                choices.cabin,
                brand,
                products,
                _quote(search, choices, itinerary, products),
                seats_left,
            )
            found.setdefault(brand, []).append(priced)
    for ways in found.values():
        ways.sort(key=lambda way: _order(search, (way,)))
        del ways[limit:]
    return found


def _brands(
    search: _Search, choices: SliceChoices, itinerary: Itinerary
) -> list[tuple[str, tuple[FareProduct, ...]]]:
    """Each brand that has seats on every flight, with its cheapest product on each."""
    by_leg = [
        {
            product.brand: product
            for product in rules.cheapest_by_brand(
                choices.products, dict(zip(leg.classes, leg.seats_open, strict=True)), search.seats
            )
        }
        for leg in itinerary
    ]
    shared = [brand for brand in by_leg[0] if all(brand in brands for brands in by_leg)]
    return [(brand, tuple(brands[brand] for brands in by_leg)) for brand in shared[:MAX_BRANDS]]


def _quote(
    search: _Search, choices: SliceChoices, itinerary: Itinerary, products: tuple[FareProduct, ...]
) -> Quote:
    adjustments = tuple(
        _adjustments(search, choices, leg, product) for leg, product in zip(itinerary, products, strict=True)
    )
    key = (*(product.id for product in products), *(leg.distance_km for leg in itinerary), adjustments)
    if key not in search.quotes:
        components = [
            FareComponent(product, leg.distance_km, opens_trip=place == 0, adjustments=changes)
            for place, (leg, product, changes) in enumerate(
                zip(itinerary, products, adjustments, strict=True)
            )
        ]
        search.quotes[key] = pricing.quote(components, search.party, search.exchange)
    return search.quotes[key]


def _adjustments(
    search: _Search, choices: SliceChoices, leg: Departure, product: FareProduct
) -> tuple[Adjustment, ...]:
    if not search.pricing_rules:
        return ()
    facts = SegmentFacts(
        choices.cabin, leg.airline, leg.origin, leg.destination, leg.departure_date, choices.bought_on
    )
    return pricing.adjustments_for(search.pricing_rules, facts, product)


def _total_minor(journey: tuple[_Priced, ...]) -> int:
    return sum(part.quote.total.amount_minor for part in journey)


def _order(search: _Search, journey: tuple[_Priced, ...]) -> tuple[object, ...]:
    worth = rules.Worth(0, timedelta(0), 0)
    for part in journey:
        worth += part.worth
    first = journey[0]
    return (
        *rules.rank(search.sort, worth, len(search.party), search.minor_per_base),
        first.departs_at,
        first.itinerary[0].flight_id,
    )


def _offer(
    search: _Search,
    offer_id: UUID,
    expires_at: datetime,
    journey: tuple[_Priced, ...],
) -> Offer:
    quote = _joined(search, journey)
    key = (id(quote), *(product.id for part in journey for product in part.products))
    if key not in search.fares:
        search.fares[key] = _fare(journey, quote, search.exchange)
    kilograms = sum(
        emissions.kg_co2(leg.distance_km, part.cabin, search.seats_by_type.get(leg.aircraft_type))
        for part in journey
        for leg in part.itinerary
    )
    return packing.build(
        offer_id,
        expires_at,
        [_slice(part) for part in journey],
        search.fares[key],
        seats_left=min(rules.MAX_SEATS_TOLD, *(part.seats_left for part in journey)),
        kg=round(kilograms),
        fx=rate_of(search.exchange),
    )


def rate_of(exchange: Exchange | None) -> ExchangeRate | None:
    """An exchange as an offer tells it."""
    if exchange is None:
        return None
    return ExchangeRate(
        rate=exchange.rate,
        base_currency=exchange.base_currency,
        as_of=exchange.as_of,
        source=exchange.source,
    )


def _joined(search: _Search, journey: tuple[_Priced, ...]) -> Quote:
    key = tuple(id(part.quote) for part in journey)
    if key not in search.joined:
        search.joined[key] = pricing.join([part.quote for part in journey])
    return search.joined[key]


def _fare(journey: tuple[_Priced, ...], quote: Quote, exchange: Exchange | None) -> PackedFare:
    products = [product for part in journey for product in part.products]
    return PackedFare(
        total=quote.total,
        brand=journey[0].brand,
        segments=[_sold_as(part.cabin, product) for part in journey for product in part.products],
        passengers=quote.passengers,
        conditions=pricing.promise(products, exchange),
    )


def _sold_as(cabin: Cabin, product: FareProduct) -> SegmentFare:
    return SegmentFare(
        cabin=cabin,
        fare_class=product.fare_class,
        fare_product_id=product.id,
        fare_basis=product.fare_basis,
    )


def _slice(part: _Priced) -> OfferSlice:
    segments = [
        _segment(leg, part.cabin, product) for leg, product in zip(part.itinerary, part.products, strict=True)
    ]
    return OfferSlice(origin=segments[0].origin, destination=segments[-1].destination, segments=segments)


def _segment(departure: Departure, cabin: Cabin, product: FareProduct) -> OfferSegment:
    return OfferSegment(
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
        cabin=cabin,
        fare_class=product.fare_class,
        fare_product_id=product.id,
        fare_basis=product.fare_basis,
    )

"""The fare products, kept in the process for a minute: they change a few times a year."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.money import Money
from app.flights.schemas import FlightView
from app.pricing import rules, store
from app.pricing.adjustments import service as rulebook
from app.pricing.adjustments.schemas import PricingRule, SegmentFacts
from app.pricing.ancillaries import service as ancillaries
from app.pricing.ancillaries.schemas import AncillaryPrice
from app.pricing.errors import FareProductNotFound
from app.pricing.fx import service as fx
from app.pricing.fx.schemas import Exchange
from app.pricing.schemas import (
    Adjustment,
    Condition,
    Conditions,
    FareComponent,
    FareProduct,
    PassengerType,
    Quote,
)

CACHE_SECONDS = 60

_products: dict[UUID, FareProduct] = {}
_read_at = float("-inf")


async def list_fare_products(
    session: AsyncSession, cabin: str, bought_on: date, departs_on: date, stays_days: int | None = None
) -> list[FareProduct]:
    """The cabin's products that may be bought on a day for another; both days are the departure airport's.

    `stays_days` is how long after the way out the way back begins; None one way."""
    return [
        product
        for product in (await _fresh(session)).values()
        if product.cabin == cabin and rules.may_be_bought(product, bought_on, departs_on, stays_days)
    ]


async def get_fare_product(session: AsyncSession, product_id: UUID) -> FareProduct:
    """Raises FareProductNotFound."""
    product = (await _fresh(session)).get(product_id)
    if product is None:
        raise FareProductNotFound()
    return product


async def get_conditions(
    session: AsyncSession, product_id: UUID, currency: str, booked_on: date
) -> Conditions:
    """What a product promises, its penalties by the rate of the day it was booked.

    Raises FareProductNotFound, CurrencyUnavailable."""
    product = await get_fare_product(session, product_id)
    exchange = await find_exchange(session, product.currency, currency, booked_on)
    if exchange is None:
        return product.conditions
    return rules.convert_conditions(product.conditions, exchange)


async def list_pricing_rules(session: AsyncSession, now: datetime) -> list[PricingRule]:
    """The rules that hold at a moment."""
    return await rulebook.list_holding(session, now)


def adjustments_for(
    holding: Sequence[PricingRule], facts: SegmentFacts, product: FareProduct
) -> tuple[Adjustment, ...]:
    """What the rules change of a segment sold under a product."""
    return rulebook.adjustments_for(holding, facts, product)


async def list_ancillaries(
    session: AsyncSession,
    flight: FlightView,
    passenger_type: PassengerType,
    currency: str | None = None,
    day: date | None = None,
) -> list[AncillaryPrice]:
    """What a passenger may buy beside the fare on a flight: today, in the catalogue's own currency, unless
    said otherwise. Raises CurrencyUnavailable."""
    bought_on = day or (await clock.now(session)).date()
    return await ancillaries.list_prices(session, flight.distance_km, passenger_type, bought_on, currency)


async def seat_price(
    session: AsyncSession,
    zone: str,
    distance_km: int,
    currency: str | None = None,
    day: date | None = None,
) -> Money | None:
    """What choosing a seat of a zone costs (standard, preferred, extra_legroom); None: it is not on sale.

    Raises CurrencyUnavailable."""
    bought_on = day or (await clock.now(session)).date()
    return await ancillaries.find_seat_price(session, zone, distance_km, bought_on, currency)


async def find_exchange(session: AsyncSession, base: str, currency: str | None, day: date) -> Exchange | None:
    """How to convert prices on a day; None where there is nothing to convert. Raises CurrencyUnavailable."""
    if currency is None or currency == base:
        return None
    return await fx.get_exchange(session, base, currency, day)


def quote(
    components: Sequence[FareComponent], party: Sequence[PassengerType], exchange: Exchange | None = None
) -> Quote:
    """The price of a party on the segments of one slice, or of several, converted line by line."""
    passengers = rules.price_passengers(components, party)
    currency = components[0].product.currency
    if exchange is not None:
        by_type = {price.type: rules.convert(price, exchange) for price in passengers}
        passengers, currency = [by_type[price.type] for price in passengers], exchange.currency
    return Quote(passengers, rules.total(passengers, currency))


def join(quotes: Sequence[Quote]) -> Quote:
    """One quote for the slices of a journey, each quoted by itself for the same party."""
    by_type = {prices[0].type: prices for prices in zip(*(each.passengers for each in quotes), strict=True)}
    joined = {kind: rules.join(prices) for kind, prices in by_type.items()}
    passengers = [joined[price.type] for price in quotes[0].passengers]
    return Quote(passengers, rules.total(passengers, quotes[0].total.currency))


def minor_worth(exchange: Exchange) -> float:
    """What one minor unit of the one currency is in minor units of the other, before any rounding."""
    return rules.minor_worth(exchange)


def promise(products: Sequence[FareProduct], exchange: Exchange | None) -> Conditions:
    """What an offer over several fares promises: the strictest of each."""
    conditions = rules.strictest([product.conditions for product in products])
    return conditions if exchange is None else rules.convert_conditions(conditions, exchange)


async def _fresh(session: AsyncSession) -> dict[UUID, FareProduct]:
    global _products, _read_at
    asked_at = time.monotonic()
    if asked_at - _read_at >= CACHE_SECONDS:
        _products = {row.id: _product(row) for row in await store.list_fare_products(session)}
        _read_at = asked_at
    return _products


def _product(row: Row[Any]) -> FareProduct:
    return FareProduct(
        id=row.id,
        brand=row.brand,
        cabin=row.cabin,
        fare_class=row.fare_class,
        fare_basis=row.fare_basis,
        multiplier_thousandths=row.multiplier_thousandths,
        advance_purchase_days=row.advance_purchase_days,
        conditions=Conditions(
            change_before_departure=_condition(row.change_allowed, row.change_penalty_minor, row.currency),
            cancel_before_departure=_condition(row.refund_allowed, row.refund_penalty_minor, row.currency),
        ),
        currency=row.currency,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        minimum_stay_days=row.minimum_stay_days,
    )


def _condition(allowed: bool | None, penalty_minor: int | None, currency: str) -> Condition | None:
    if allowed is None:
        return None
    if penalty_minor is None:
        return Condition(allowed=allowed, penalty=None)
    return Condition(allowed=allowed, penalty=Money(amount_minor=penalty_minor, currency=currency))

"""Finding the cheapest fare of each day: one statement for the month, the prices from memory."""

import calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.flights.connections import service as connections
from app.flights.connections.schemas import ClassOfADay, MonthQuery
from app.offers import engine
from app.offers.errors import AirportUnknown
from app.offers.fare_calendar.schemas import CalendarDay, FareCalendar
from app.pricing import service as pricing
from app.pricing.adjustments.schemas import PricingRule, SegmentFacts
from app.pricing.fx.schemas import Exchange
from app.pricing.schemas import FareComponent, FareProduct, PassengerType, Quote
from app.reference import service as reference
from app.reference.schemas import AirportView

BASE_CURRENCY = "USD"
ONE_ADULT = (PassengerType.ADULT,)


@dataclass(slots=True)
class _Month:
    """What every day of a month is priced with, and what has been priced before."""

    query: MonthQuery
    exchange: Exchange | None
    holding: Sequence[PricingRule]
    bought_on: date
    quotes: dict[tuple[object, ...], Quote] = field(default_factory=dict)

    def quote(self, found: ClassOfADay, product: FareProduct) -> Quote:
        facts = SegmentFacts(
            self.query.cabin, found.airline, self.query.origin, self.query.destination,
            found.departure_date, self.bought_on,
        )  # fmt: skip
        adjustments = pricing.adjustments_for(self.holding, facts, product)
        key = (product.id, found.distance_km, adjustments)
        if key not in self.quotes:
            component = FareComponent(product, found.distance_km, adjustments=adjustments)
            self.quotes[key] = pricing.quote([component], ONE_ADULT, self.exchange)
        return self.quotes[key]


async def get_calendar(
    session: AsyncSession, query: MonthQuery, currency: str | None, now: datetime
) -> FareCalendar:
    """Raises AirportUnknown, CurrencyUnavailable."""
    origin = await _origin(session, query)
    bought_on = now.astimezone(ZoneInfo(origin.zone)).date()
    exchange = await pricing.find_exchange(session, BASE_CURRENCY, currency, now.date())
    month = _Month(query, exchange, await pricing.list_pricing_rules(session, now), bought_on)
    by_day: dict[date, list[ClassOfADay]] = defaultdict(list)
    for found in await connections.find_month(session, query, now):
        by_day[found.departure_date].append(found)
    data = []
    for day in days_of(query.first_day):
        products = await pricing.list_fare_products(session, query.cabin, bought_on, day)
        data.append(_cheapest(month, day, by_day[day], products))
    return FareCalendar(
        origin=query.origin,
        destination=query.destination,
        month=f"{query.first_day:%Y-%m}",
        cabin=query.cabin,
        currency=currency or BASE_CURRENCY,
        as_of=now,
        fx=engine.rate_of(exchange),
        data=data,
    )


def days_of(first_day: date) -> list[date]:
    length = calendar.monthrange(first_day.year, first_day.month)[1]
    return [first_day.replace(day=number) for number in range(1, length + 1)]


async def _origin(session: AsyncSession, query: MonthQuery) -> AirportView:
    ends = await reference.find_airports(session, [query.origin, query.destination])
    for field_name, code in (("origin", query.origin), ("destination", query.destination)):
        if code not in ends:
            raise AirportUnknown(f"{code} is not an airport of ours", pointer=f"/(query)/{field_name}")
    return ends[query.origin]


def _cheapest(
    month: _Month, day: date, found: Sequence[ClassOfADay], products: Sequence[FareProduct]
) -> CalendarDay:
    fares = [
        (month.quote(each, product).total, each.airline, product.fare_basis)
        for each in found
        for product in products
        if product.fare_class == each.fare_class
    ]
    if not fares:
        return CalendarDay(departure_date=day, cheapest=None, airline=None, fare_basis=None)
    total, airline, fare_basis = min(fares, key=lambda fare: (fare[0].amount_minor, fare[1], fare[2]))
    return CalendarDay(departure_date=day, cheapest=total, airline=airline, fare_basis=fare_basis)

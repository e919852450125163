"""The catalogue, kept in the process for a minute, and its prices in any currency."""

import time
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.pricing.ancillaries import rules, store
from app.pricing.ancillaries.schemas import Ancillary, AncillaryKind, AncillaryPrice, SeatZone
from app.pricing.fx import service as fx
from app.pricing.schemas import PassengerType

CACHE_SECONDS = 60

_kept: list[Ancillary] = []
_read_at = float("-inf")


async def list_prices(
    session: AsyncSession, distance_km: int, passenger_type: PassengerType, day: date, currency: str | None
) -> list[AncillaryPrice]:
    """What a passenger may buy on a flight so far, on a day. Raises CurrencyUnavailable."""
    return [
        AncillaryPrice(
            id=each.id,
            code=each.code,
            kind=each.kind,
            zone=each.zone,
            description=each.description,
            amount=await _in_currency(session, rules.price(each, distance_km), currency, day),
            most=each.most,
        )
        for each in await _catalogue(session)
        if rules.is_on_sale(each, distance_km, passenger_type, day)
    ]


async def find_seat_price(
    session: AsyncSession, zone: str, distance_km: int, day: date, currency: str | None
) -> Money | None:
    """What a seat of a zone costs; None where the zone is not on sale. Raises CurrencyUnavailable."""
    for each in await _catalogue(session):
        if each.zone == zone and rules.is_on_sale(each, distance_km, PassengerType.ADULT, day):
            return await _in_currency(session, rules.price(each, distance_km), currency, day)
    return None


async def _in_currency(session: AsyncSession, money: Money, currency: str | None, day: date) -> Money:
    if currency is None or currency == money.currency:
        return money
    return fx.convert(money, await fx.get_exchange(session, money.currency, currency, day))


async def _catalogue(session: AsyncSession) -> list[Ancillary]:
    global _kept, _read_at
    asked_at = time.monotonic()
    if asked_at - _read_at >= CACHE_SECONDS:
        _kept = [
            Ancillary(
                id=row.id,
                code=row.code,
                kind=AncillaryKind(row.kind),
                zone=None if row.zone is None else SeatZone(row.zone),
                description=row.description,
                amount_minor=row.amount_minor,
                minor_per_1000_km=row.minor_per_1000_km,
                currency=row.currency,
                passenger_types=tuple(PassengerType(kind) for kind in row.passenger_types),
                most=row.most,
                min_distance_km=row.min_distance_km,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in await store.list_ancillaries(session)
        ]
        _read_at = asked_at
    return _kept

"""What a seat costs. Integer minor units all the way; every rounding is half up, once per line.

The fare of an adult is a base by distance times the product's multiplier, for each segment:

    base  = 35.00 + 0.09 a km up to 1500 km + 0.05 a km beyond
    fare  = base * multiplier          a child pays 75 % of it, an infant on a lap 10 %
            what pricing rules add to it is a line of its own, and part of the fare
    taxes = transport tax 7.5 % of the fare; 5.00 for each segment and 5.60 for each trip of a seat

In another currency each line is converted and rounded by itself, so the lines add up there too.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from app.core.money import Money
from app.pricing.fx import rules as fx
from app.pricing.fx.schemas import Exchange
from app.pricing.schemas import (
    Adjustment,
    Condition,
    Conditions,
    FareComponent,
    FareProduct,
    LineKind,
    PassengerPrice,
    PassengerType,
    PriceLine,
    TaxLine,
)

BASE_MINOR = 3500
NEAR_KM = 1500
NEAR_MINOR_PER_KM = 9
FAR_MINOR_PER_KM = 5
FARE_PERCENT = {PassengerType.ADULT: 100, PassengerType.CHILD: 75, PassengerType.INFANT: 10}
WHY_LESS = {
    PassengerType.ADULT: "",
    PassengerType.CHILD: f"; a child pays {FARE_PERCENT[PassengerType.CHILD]} %",
    PassengerType.INFANT: f"; an infant pays {FARE_PERCENT[PassengerType.INFANT]} %",
}

TRANSPORT_TAX_THOUSANDTHS = 75
SEGMENT_FEE_MINOR = 500
SECURITY_FEE_MINOR = 560

# The lines that make up what is called the fare; the others are taxes.
FARE_KINDS = (LineKind.FARE, LineKind.ADJUSTMENT)


def base_fare_minor(distance_km: int) -> int:
    """What the cheapest class pays for the distance: a start, then so much a km, less when far."""
    near_km = min(distance_km, NEAR_KM)
    return BASE_MINOR + near_km * NEAR_MINOR_PER_KM + (distance_km - near_km) * FAR_MINOR_PER_KM


def fare_minor(product: FareProduct, distance_km: int, passenger_type: PassengerType) -> int:
    adult = _share(base_fare_minor(distance_km), product.multiplier_thousandths, 1000)
    return _share(adult, FARE_PERCENT[passenger_type], 100)


def price_passenger(components: Sequence[FareComponent], passenger_type: PassengerType) -> PassengerPrice:
    """The price of one passenger on the segments of one or more trips, line by line."""
    lines = [
        line
        for segment, component in enumerate(components)
        for line in _lines(component, passenger_type, segment)
    ]
    return sum_up(passenger_type, lines, len(components))


def price_passengers(
    components: Sequence[FareComponent], passenger_types: Sequence[PassengerType]
) -> list[PassengerPrice]:
    """The price of each passenger, in the order given; equal passengers share one."""
    by_type = {kind: price_passenger(components, kind) for kind in set(passenger_types)}
    return [by_type[kind] for kind in passenger_types]


def sum_up(passenger_type: PassengerType, lines: Sequence[PriceLine], segments: int) -> PassengerPrice:
    """A price out of its lines, all of one currency, at least one of them a fare."""
    currency = lines[0].amount.currency
    fares = [0] * segments
    for line in lines:
        if line.kind in FARE_KINDS and line.segment is not None:
            fares[line.segment] += line.amount.amount_minor

    def money(amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=currency)

    return PassengerPrice(
        type=passenger_type,
        fare=money(sum(fares)),
        taxes=_taxes(lines),
        total=money(sum(line.amount.amount_minor for line in lines)),
        segment_fares=[money(fare) for fare in fares],
        breakdown=list(lines),
    )


def join(prices: Sequence[PassengerPrice]) -> PassengerPrice:
    """One price for the slices of a journey, each priced by itself; their segments are counted through."""
    if len(prices) == 1:
        return prices[0]
    lines, segments = [], 0
    for price in prices:
        lines += [_moved(line, segments) for line in price.breakdown]
        segments += len(price.segment_fares)
    return sum_up(prices[0].type, lines, segments)


def convert(price: PassengerPrice, exchange: Exchange) -> PassengerPrice:
    """The price in another currency: each line is converted, and their sums follow."""
    lines = [
        line.model_copy(update={"amount": _converted(line.amount, exchange)}) for line in price.breakdown
    ]
    return sum_up(price.type, lines, len(price.segment_fares))


def convert_conditions(conditions: Conditions, exchange: Exchange) -> Conditions:
    """The same promises with their penalties in another currency."""

    def converted(condition: Condition | None) -> Condition | None:
        if condition is None or condition.penalty is None:
            return condition
        return Condition(allowed=condition.allowed, penalty=_converted(condition.penalty, exchange))

    return Conditions(
        change_before_departure=converted(conditions.change_before_departure),
        cancel_before_departure=converted(conditions.cancel_before_departure),
    )


def minor_worth(exchange: Exchange) -> float:
    return float(exchange.rate) * 10.0 ** (
        fx.minor_units(exchange.currency) - fx.minor_units(exchange.base_currency)
    )


def total(prices: Iterable[PassengerPrice], currency: str) -> Money:
    return Money(amount_minor=sum(price.total.amount_minor for price in prices), currency=currency)


def strictest(conditions: Sequence[Conditions]) -> Conditions:
    """What holds for all fares: what one refuses is refused, what one leaves unsaid is not promised."""
    return Conditions(
        change_before_departure=_strictest([each.change_before_departure for each in conditions]),
        cancel_before_departure=_strictest([each.cancel_before_departure for each in conditions]),
    )


def _strictest(stated: Sequence[Condition | None]) -> Condition | None:
    said = [each for each in stated if each is not None]
    refusal = next((each for each in said if not each.allowed), None)
    if refusal is not None:
        return refusal
    if len(said) < len(stated):
        return None
    return max(said, key=lambda each: 0 if each.penalty is None else each.penalty.amount_minor)


def may_be_bought(
    product: FareProduct, bought_on: date, departs_on: date, stays_days: int | None = None
) -> bool:
    """Both dates are those of the airport of departure. A journey one way stays nowhere."""
    is_valid = product.valid_from <= bought_on and (product.valid_to is None or bought_on <= product.valid_to)
    is_early = (departs_on - bought_on).days >= product.advance_purchase_days
    stays = product.minimum_stay_days == 0 or (stays_days or 0) >= product.minimum_stay_days
    return is_valid and is_early and stays


def _lines(component: FareComponent, passenger_type: PassengerType, segment: int) -> list[PriceLine]:
    product, kilometres = component.product, component.distance_km

    def line(kind: LineKind, code: str, text: str, amount_minor: int, reason: str) -> PriceLine:
        amount = Money(amount_minor=amount_minor, currency=product.currency)
        return PriceLine(
            kind=kind, code=code, description=text, amount=amount, reason=reason, segment=segment
        )

    fare = fare_minor(product, kilometres, passenger_type)
    why = f"{kilometres} km in class {product.fare_class}{WHY_LESS[passenger_type]}"
    lines = [line(LineKind.FARE, product.fare_basis, f"{product.brand} fare", fare, why)]
    for each, amount in _adjusted(fare, component.adjustments, passenger_type):
        lines.append(line(LineKind.ADJUSTMENT, each.code, each.description, amount, each.reason))
    paid = sum(each.amount.amount_minor for each in lines)
    tax = _share(paid, TRANSPORT_TAX_THOUSANDTHS, 1000)
    lines.append(line(LineKind.TAX, "TRT", "Transport tax", tax, "7.5 % of the fare"))
    if passenger_type.needs_seat:
        lines.append(line(LineKind.FEE, "SGF", "Segment fee", SEGMENT_FEE_MINOR, "for each flight"))
        if component.opens_trip:
            lines.append(line(LineKind.FEE, "SEC", "Security fee", SECURITY_FEE_MINOR, "for each trip"))
    return lines


def _adjusted(
    fare: int, adjustments: Sequence[Adjustment], passenger_type: PassengerType
) -> Iterator[tuple[Adjustment, int]]:
    """What each rule adds. All go by the fare itself; the one that would take more than is left is cut."""
    left = fare
    for each in adjustments:
        if each.passenger_type not in (None, passenger_type):
            continue
        if each.basis_points is not None:
            size = _share(fare, abs(each.basis_points), 10_000)
            amount = size if each.basis_points > 0 else -size
        else:
            amount = each.amount_minor or 0
        amount = max(amount, -left)
        left += amount
        yield each, amount


def _taxes(lines: Sequence[PriceLine]) -> list[TaxLine]:
    """Each tax once, over all segments."""
    found: dict[str, TaxLine] = {}
    for line in lines:
        if line.kind in FARE_KINDS:
            continue
        known = found.get(line.code)
        amount = line.amount if known is None else known.amount + line.amount
        found[line.code] = TaxLine(code=line.code, description=line.description, amount=amount)
    return list(found.values())


def _converted(money: Money, exchange: Exchange) -> Money:
    return Money(amount_minor=fx.convert(money.amount_minor, exchange), currency=exchange.currency)


def _moved(line: PriceLine, by: int) -> PriceLine:
    return line if line.segment is None or by == 0 else line.model_copy(update={"segment": line.segment + by})


def _share(amount_minor: int, part: int, whole: int) -> int:
    """amount * part / whole, rounded half up."""
    return (2 * amount_minor * part + whole) // (2 * whole)

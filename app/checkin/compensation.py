"""What a passenger denied boarding against their will is owed: 14 CFR 250.5, applied to every flight of ours.

The fare is what was paid, with its taxes, for the way to the next stopover (14 CFR 250.1). The percentages
stand in the regulation; its limits are revised, and each revision holds for departures from its day on.
They are in US dollars; for a fare in another currency they are converted at the rate of the day of departure.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from app.core.money import Money
from app.pricing.fx import service as fx
from app.pricing.fx.schemas import Exchange

CURRENCY = "USD"
REGULATION = "14 CFR 250.5"
NO_HARM = timedelta(hours=1)
# Until this much later than planned the lower limit holds, from it on the upper one.
SHORT_DOMESTIC = timedelta(hours=2)
SHORT_FOREIGN = timedelta(hours=4)
LOWER_PERCENT = 200
UPPER_PERCENT = 400


@dataclass(frozen=True)
class Limits:
    """The most that is owed, for departures from a day on."""

    effective_from: date
    source: str
    lower_minor: int
    upper_minor: int


REVISIONS = (
    Limits(date(2011, 8, 23), "76 FR 23110", 650_00, 1_300_00),
    Limits(date(2015, 8, 25), "80 FR 30144", 675_00, 1_350_00),
    Limits(date(2021, 4, 13), "86 FR 2534", 775_00, 1_550_00),
    Limits(date(2025, 1, 22), "89 FR 84815", 1_075_00, 2_150_00),
)


@dataclass(frozen=True)
class Compensation:
    amount: Money
    rule: str


def involuntary(
    fare: Money, departs_on: date, delay: timedelta | None, exchange: Exchange | None, *, is_domestic: bool
) -> Compensation:
    """What is owed, in the currency of the fare, when the substitute is planned to arrive `delay` late; None:
    no substitute was offered. `exchange` is from US dollars, None for a fare in them."""
    limits = limits_on(departs_on)
    part = "a" if is_domestic else "b"
    if delay is not None and delay <= NO_HARM:
        nothing = Money(amount_minor=0, currency=fare.currency)
        return Compensation(nothing, _rule(f"({part})(1)", limits, None))
    if delay is not None and delay < (SHORT_DOMESTIC if is_domestic else SHORT_FOREIGN):
        most = _in_currency_of_fare(limits.lower_minor, exchange)
        owed = _at_most(fare, LOWER_PERCENT, most)
        return Compensation(owed, _rule(f"({part})(2)", limits, exchange))
    most = _in_currency_of_fare(limits.upper_minor, exchange)
    return Compensation(_at_most(fare, UPPER_PERCENT, most), _rule(f"({part})(3)", limits, exchange))


def limits_on(day: date) -> Limits:
    """The newest revision in force; before the first, the first."""
    in_force = [limits for limits in REVISIONS if limits.effective_from <= day]
    return in_force[-1] if in_force else REVISIONS[0]


def _in_currency_of_fare(limit_minor: int, exchange: Exchange | None) -> Money:
    limit = Money(amount_minor=limit_minor, currency=CURRENCY)
    return limit if exchange is None else fx.convert(limit, exchange)


def _at_most(fare: Money, percent: int, most: Money) -> Money:
    """Raises ValueError when the two are in different currencies."""
    if fare.currency != most.currency:
        raise ValueError(f"a limit in {most.currency} says nothing of a fare in {fare.currency}")
    owed_minor = min(fare.amount_minor * percent // 100, most.amount_minor)
    return Money(amount_minor=owed_minor, currency=fare.currency)


def _rule(paragraph: str, limits: Limits, exchange: Exchange | None) -> str:
    at = "" if exchange is None else f" at {exchange.rate} {exchange.currency} ({exchange.as_of})"
    return f"{REGULATION}{paragraph}, limits of {limits.source}{at}"

"""What a passenger denied boarding against their will is owed: 14 CFR 250.5, applied to every flight of ours.

The fare is what was paid, with its taxes, for the way to the next stopover (14 CFR 250.1). The percentages
stand in the regulation; its limits are revised, and each revision holds for departures from its day on.
What is stated in US dollars says nothing of another currency.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from app.checkin.errors import CompensationNotStated
from app.core.money import Money

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


def involuntary(fare: Money, departs_on: date, delay: timedelta | None, *, is_domestic: bool) -> Compensation:
    """What is owed when the substitute is planned to arrive `delay` late; None: no substitute was offered.

    Raises CompensationNotStated for a fare that is not in US dollars."""
    if fare.currency != CURRENCY:
        raise CompensationNotStated(f"{REGULATION} is in {CURRENCY}, the fare in {fare.currency}")
    limits = limits_on(departs_on)
    part = "a" if is_domestic else "b"
    if delay is not None and delay <= NO_HARM:
        return _compensation(0, f"{REGULATION}({part})(1)", limits)
    if delay is not None and delay < (SHORT_DOMESTIC if is_domestic else SHORT_FOREIGN):
        amount_minor = min(fare.amount_minor * LOWER_PERCENT // 100, limits.lower_minor)
        return _compensation(amount_minor, f"{REGULATION}({part})(2)", limits)
    amount_minor = min(fare.amount_minor * UPPER_PERCENT // 100, limits.upper_minor)
    return _compensation(amount_minor, f"{REGULATION}({part})(3)", limits)


def limits_on(day: date) -> Limits:
    """The newest revision in force; before the first, the first."""
    in_force = [limits for limits in REVISIONS if limits.effective_from <= day]
    return in_force[-1] if in_force else REVISIONS[0]


def _compensation(amount_minor: int, paragraph: str, limits: Limits) -> Compensation:
    return Compensation(
        Money(amount_minor=amount_minor, currency=CURRENCY), f"{paragraph}, limits of {limits.source}"
    )

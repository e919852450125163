"""Owns how a number, an amount, a share and a moment are written on a page. Pure functions."""

from datetime import UTC, datetime, timedelta

from babel.numbers import format_currency, format_decimal, get_currency_precision

NOTHING = "–"
WHOLE_UNITS_FROM = 10_000  # above this an amount is read, not checked: no cents on the card


def major_units(minor: float, currency: str) -> float:
    """An amount in the currency's own unit: 12345 US cents are 123.45."""
    precision = get_currency_precision(currency)
    return float(round(minor / 10**precision, precision))


def money(minor: float, currency: str) -> str:
    amount = major_units(minor, currency)
    pattern = "¤¤ #,##0" if abs(amount) >= WHOLE_UNITS_FROM else "¤¤ #,##0.00"
    return format_currency(amount, currency, pattern, locale="en", currency_digits=False)


def count(value: float) -> str:
    return format_decimal(int(value), locale="en")


def ratio(numerator: float, denominator: float) -> float | None:
    """Sums first, one division last; None where there is nothing to divide by."""
    return None if denominator == 0 else float(numerator) / float(denominator)


def percent(numerator: float, denominator: float) -> str:
    share = ratio(numerator, denominator)
    return NOTHING if share is None else f"{100 * share:.1f} %"


def change(now: float | None, before: float | None) -> str | None:
    """Relative change, e.g. "+12 %"; None where there was nothing before."""
    if now is None or before is None or before == 0:
        return None
    percents = round(100 * (float(now) / float(before) - 1))
    return f"{percents:+d} %" if percents else "0 %"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%a %d %b %Y, %H:%M} UTC"


def span(length: timedelta) -> str:
    """A length of time in its two largest useful units: "45 s", "12 min", "3 h 20 min", "2 days"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} days"


def short_key(key: str) -> str:
    """A keyed hash cut to what tells two apart on a screen."""
    return key if len(key) <= 14 else f"{key[:11]}…"

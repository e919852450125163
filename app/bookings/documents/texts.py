"""How documents write amounts, moments and names."""

import unicodedata
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.numbers import format_currency, get_currency_precision

from app.core.latin import latin_letters

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

FONT = "DejaVuSans"
FONT_FILE = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
LOCALE = "en_US"
ERASED = "(name erased)"
# Scripts written from right to left, and marks: the page would need a shaper to draw them in place.
_NEEDS_SHAPING = frozenset({"R", "AL", "NSM", "RLE", "RLO", "RLI"})


@lru_cache
def font() -> "TTFont":
    """The font, registered once."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    loaded = TTFont(FONT, FONT_FILE)
    pdfmetrics.registerFont(loaded)
    return loaded


def amount(minor: int, currency: str) -> str:
    """As in $1,234.50; the currency's own number of decimals."""
    value = Decimal(minor).scaleb(-get_currency_precision(currency))
    return str(format_currency(value, currency, locale=LOCALE)).replace("\N{MINUS SIGN}", "-")


def local(moment: str, zone: str) -> str:
    """An airport's local time with the zone it is of."""
    return f"{datetime.fromisoformat(moment):%a %d %b %Y %H:%M} ({zone})"


def day(moment: datetime) -> str:
    return f"{moment:%d %b %Y}"


def name_of(person: dict[str, str] | None) -> str:
    """A name as the font can draw it: as it was written, or spelled in the twenty-six letters."""
    if not person or "family_name" not in person:
        return ERASED
    written = f"{person.get('given_name', '')} {person['family_name']}".strip()
    composed = unicodedata.normalize("NFC", written)
    return composed if can_draw(composed) else latin_letters(composed).title()


def can_draw(text: str) -> bool:
    """Whether the font has every letter and the page needs no shaping to show them."""
    glyphs = font().face.charToGlyph
    return all(
        ord(letter) in glyphs and unicodedata.bidirectional(letter) not in _NEEDS_SHAPING for letter in text
    )

"""Names in the twenty-six letters, for what can hold no others: boarding passes and plain documents.

The rule is ICAO Doc 9303 part 3, section 6: its Latin and Cyrillic tables, and ISO 843 for Greek. Other Latin
letters lose their marks; other scripts are spelled as text-unidecode spells them. What is left of no letter
is dropped: apostrophes close up (O'Neill is ONEILL), hyphens and full stops part words.
"""

import re
import unicodedata

from text_unidecode import unidecode

_LATIN = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "İ": "I", "Ĳ": "IJ", "ĸ": "Q", "Ł": "L",
    "Ŋ": "N", "Ö": "OE", "Ø": "OE", "Œ": "OE", "ẞ": "SS", "Ŧ": "T", "Þ": "TH", "Ü": "UE",
}  # fmt: skip
_CYRILLIC = {
    "А": "A", "Б": "B", "В": "V", "Г": "G", "Д": "D", "Е": "E", "Ё": "E", "Ж": "ZH", "З": "Z", "И": "I",
    "Й": "I", "К": "K", "Л": "L", "М": "M", "Н": "N", "О": "O", "П": "P", "Р": "R", "С": "S", "Т": "T",
    "У": "U", "Ф": "F", "Х": "KH", "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": "IE", "Ы": "Y",
    "Ь": "", "Э": "E", "Ю": "IU", "Я": "IA", "Є": "IE", "І": "I", "Ї": "I", "Ґ": "G", "Ў": "U", "Ђ": "D",
    "Ѓ": "G", "Ѕ": "DZ", "Ј": "J", "Љ": "LJ", "Њ": "NJ", "Ћ": "C", "Ќ": "K", "Џ": "DZ",
}  # fmt: skip
_GREEK = {
    "Α": "A", "Β": "V", "Γ": "G", "Δ": "D", "Ε": "E", "Ζ": "Z", "Η": "I", "Θ": "TH", "Ι": "I", "Κ": "K",
    "Λ": "L", "Μ": "M", "Ν": "N", "Ξ": "X", "Ο": "O", "Π": "P", "Ρ": "R", "Σ": "S", "Τ": "T", "Υ": "Y",
    "Φ": "F", "Χ": "CH", "Ψ": "PS", "Ω": "O",
}  # fmt: skip
_TABLE = _LATIN | _CYRILLIC | _GREEK

_CLOSES_UP = re.compile(r"['’ʼʻ‘`´ʹ]")
_PARTS_WORDS = re.compile(r"[^A-Z]+")


def latin_letters(text: str) -> str:
    """`text` in A to Z and single spaces; empty when nothing of it can be spelled."""
    composed = unicodedata.normalize("NFC", _CLOSES_UP.sub("", text)).upper()
    spelled = "".join(_spell(letter) for letter in composed)
    return _PARTS_WORDS.sub(" ", spelled).strip()


def _spell(letter: str) -> str:
    if letter in _TABLE:
        return _TABLE[letter]
    bare = unicodedata.normalize("NFD", letter)[0]
    if bare in _TABLE:
        return _TABLE[bare]
    return _CLOSES_UP.sub("", unidecode(letter)).upper()

"""How different a corrected name may be."""

import unicodedata
from dataclasses import dataclass

# What slips at a keyboard. Over all corrections of a passenger, or three of three would be another person.
MAX_LETTERS = 3


@dataclass(frozen=True)
class Name:
    given: str
    family: str


@dataclass(frozen=True)
class Correction:
    letters: int
    is_swap: bool


def correction(before: Name, after: Name) -> Correction:
    """How many letters differ. Given and family name in each other's place count for nothing."""
    if (_plain(after.given), _plain(after.family)) == (_plain(before.family), _plain(before.given)):
        is_swap = _plain(before.given) != _plain(before.family)
        return Correction(0, is_swap)
    letters = distance(before.given, after.given) + distance(before.family, after.family)
    return Correction(letters, is_swap=False)


def distance(before: str, after: str) -> int:
    """Letters put in, left out, replaced or exchanged with their neighbour (optimal string alignment).
    Case, accents and punctuation are spelling, not letters."""
    a, b = _plain(before), _plain(after)
    rows = [list(range(len(b) + 1))]
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in decomposed if letter.isalpha())

"""How departures come out of the database: COPY in its binary format, every column of a fixed width.

Rows of one width are an array as they arrive: reading a million of them takes no Python for each."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.flights.departures.errors import NotIndexable
from app.flights.schemas import Cabin

Rows = NDArray[np.void]

CABINS = tuple(Cabin)
# A ladder of more classes has no place in the columns, and then the database answers.
MOST_CLASSES = 8
# Postgres counts microseconds from here.
EPOCH = "2000-01-01"
COPY_HEADER_BYTES = 19
COPY_TRAILER_BYTES = 2
MICROSECONDS = 1_000_000
MOST_WORDS = 2**16 - 1

_SEATS = tuple(
    (f"seats_{place}", f"coalesce(cabin.seats_open[{place}], -1)", ">i4")
    for place in range(1, MOST_CLASSES + 1)
)
# (name, expression, type). Words of any length travel as a hash; their texts are asked for once.
_COLUMNS = (
    ("id", "flight.id", "V16"),
    ("origin", "rpad(flight.origin, 3)", "S3"),
    ("destination", "rpad(flight.destination, 3)", "S3"),
    ("airline", "rpad(flight.airline, 3)", "S3"),
    ("flight_number", "rpad(flight.flight_number, 8)", "S8"),
    ("departure_date", "flight.departure_date", ">i4"),
    ("departs_local", "flight.departs_local", ">i8"),
    ("arrives_local", "flight.arrives_local", ">i8"),
    ("departs_at", "flight.departs_at", ">i8"),
    ("arrives_at", "flight.arrives_at", ">i8"),
    ("distance_km", "flight.distance_km", ">i4"),
    ("for_sale", "flight.status = any({statuses})", "?"),
    ("departs_zone", "hashtextextended(flight.departs_zone, 0)", ">i8"),
    ("arrives_zone", "hashtextextended(flight.arrives_zone, 0)", ">i8"),
    ("aircraft_type", "hashtextextended(flight.aircraft_type, 0)", ">i8"),
    ("cabin", f"array_position(array{[cabin.value for cabin in CABINS]}, cabin.cabin)", ">i4"),
    ("classes", "hashtextextended(array_to_string(cabin.classes, ','), 0)", ">i8"),
    *_SEATS,
    ("lsn", "cabin.lsn", ">i8"),
    ("source_ts", "cabin.source_ts", ">i8"),
    (
        "fits",
        f"""
            cardinality(cabin.classes) between 1 and {MOST_CLASSES}
            and octet_length(flight.origin) = 3 and octet_length(flight.destination) = 3
            and octet_length(flight.airline) <= 3 and octet_length(flight.flight_number) <= 8
        """,
        "?",
    ),
)  # fmt: skip
EXPRESSIONS = ",\n".join(expression for _, expression, _ in _COLUMNS)
_WIRE = np.dtype(
    [
        ("fields", ">i2"),
        *(
            entry
            for name, _, kind in _COLUMNS
            for entry in ((f"{name}_bytes", ">i4"), (name, kind))
        ),
    ]
)  # fmt: skip
NO_ROWS: Rows = np.zeros(0, _WIRE)


def rows_of(chunks: Iterable[bytes | bytearray | memoryview]) -> Rows:
    """The rows of one COPY. Raises NotIndexable for a row of another width."""
    data = b"".join(chunks)
    body = len(data) - COPY_HEADER_BYTES - COPY_TRAILER_BYTES
    if body % _WIRE.itemsize:
        raise NotIndexable("a departure has a column that is null or of another width")
    rows = np.frombuffer(data, _WIRE, body // _WIRE.itemsize, COPY_HEADER_BYTES)
    if not rows["fits"].all():
        raise NotIndexable("a departure has a longer code, number or ladder of classes than is kept")
    return rows


# Codes of three characters from 0-9 and A-Z as a number of 16 bits, in the order of their text.
_DIGIT = np.full(256, 255, np.uint8)
_DIGIT[ord(" ")] = 0
_DIGIT[[ord(each) for each in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"]] = np.arange(1, 37)
_LETTERS = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def codes_of(texts: NDArray[np.bytes_]) -> NDArray[np.uint16]:
    """Raises NotIndexable for a code that is not of upper-case letters and digits."""
    digits = _DIGIT[np.ascontiguousarray(texts).view(np.uint8).reshape(-1, 3)]
    if (digits == 255).any():
        raise NotIndexable("an airport or airline has a code of other characters than A-Z and 0-9")
    parts = digits.astype(np.uint16)
    return (parts[:, 0] * 37 + parts[:, 1]) * 37 + parts[:, 2]


def code_of(text: str) -> int | None:
    """The number of a code, None for a text that cannot be one."""
    if not 1 <= len(text) <= 3 or not set(text) <= set(_LETTERS[1:]):
        return None
    number = 0
    for letter in text.ljust(3):
        number = number * 37 + _LETTERS.index(letter)
    return number


def text_of(code: int) -> str:
    first, rest = divmod(code, 37 * 37)
    second, third = divmod(rest, 37)
    return (_LETTERS[first] + _LETTERS[second] + _LETTERS[third]).rstrip()


def seconds_of(micros: NDArray[Any]) -> NDArray[np.uint32]:
    """Whole seconds since EPOCH. Raises NotIndexable for a part of a second, and for years before 2000."""
    seconds, rest = np.divmod(micros.astype(np.int64), MICROSECONDS)
    if rest.any() or (seconds < 0).any() or (seconds >= 2**32).any():
        raise NotIndexable("a departure is before 2000, or not at a whole second")
    return seconds.astype(np.uint32)


class Words:
    """Texts by a small number, for columns that have few of them: zones, aircraft, ladders of classes."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[int, int] = {}
        self._hashes = np.zeros(MOST_WORDS + 1, np.int64)

    def unknown(self, hashes: NDArray[Any]) -> set[int]:
        return set(np.unique(hashes).tolist()) - self._numbers.keys()

    def learn(self, words: Iterable[tuple[int, str]]) -> None:
        """(hash, text). Raises NotIndexable where two texts have one hash, or there are too many."""
        for key, word in words:
            number = self._numbers.setdefault(key, len(self.texts))
            if number == MOST_WORDS:
                raise NotIndexable("there are more zones, aircraft and ladders of classes than are kept")
            if number == len(self.texts):
                self.texts.append(word)
                self._hashes[number] = key
            elif self.texts[number] != word:
                raise NotIndexable("two words have one hash")

    def numbers(self, hashes: NDArray[Any]) -> NDArray[np.uint16]:
        known, places = np.unique(hashes, return_inverse=True)
        return np.array([self._numbers[key] for key in known.tolist()], np.uint16)[places]

    def hashes(self, numbers: NDArray[np.uint16]) -> NDArray[np.int64]:
        """What every process knows the words by; 0 for none."""
        return self._hashes[numbers]

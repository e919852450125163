"""SSIM chapter 7: where each field of the 200 columns stands, counted from 1 as IATA counts them. No I/O."""

from datetime import date, time, timedelta
from enum import StrEnum

WIDTH = 200
TITLE = "AIRLINE STANDARD SCHEDULE DATA SET"
ZEROS = "0" * WIDTH
# Tapes were written in blocks of five; what does not fill its block is followed by rows of zeros.
BLOCK = 5

# Until further notice.
OPEN_END = "00XXX00"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

# Segment data that airlines agree on between themselves is numbered from 800; this one is our own: the
# aircraft type as we name it, since IATA's code is coarser.
OWN_AIRCRAFT_TYPE = "901"

# Scheduled passenger services; the others carry freight, positions or crews and are not for sale.
PASSENGER_SERVICES = "JSUQGBR"

Fields = dict[str, tuple[int, int]]

HEADER: Fields = {"title": (2, 35), "seasons": (41, 41), "data_set_serial": (192, 194), "serial": (195, 200)}
CARRIER: Fields = {
    "time_mode": (2, 2),
    "airline": (3, 5),
    "season": (11, 13),
    "valid_from": (15, 21),
    "valid_to": (22, 28),
    "created_on": (29, 35),
    "title": (36, 64),
    "released_on": (65, 71),
    "status": (72, 72),
    "creator": (73, 107),
    "created_at": (191, 194),
    "serial": (195, 200),
}
DESIGNATOR: Fields = {
    "suffix": (2, 2),
    "airline": (3, 5),
    "flight_number": (6, 9),
    "variation": (10, 11),
    "leg_number": (12, 13),
    "service": (14, 14),
    "variation_overflow": (28, 28),
}
LEG: Fields = DESIGNATOR | {
    "valid_from": (15, 21),
    "valid_to": (22, 28),
    "weekdays": (29, 35),
    "frequency": (36, 36),
    "origin": (37, 39),
    "passengers_depart": (40, 43),
    "departs": (44, 47),
    "origin_variation": (48, 52),
    "destination": (55, 57),
    "arrives": (58, 61),
    "passengers_arrive": (62, 65),
    "destination_variation": (66, 70),
    "aircraft": (73, 75),
    "variation_overflow": (128, 128),
    "configuration": (173, 192),
    "departure_day": (193, 193),
    "arrival_day": (194, 194),
    "serial": (195, 200),
}
SEGMENT: Fields = DESIGNATOR | {
    "board_indicator": (29, 29),
    "off_indicator": (30, 30),
    "element": (31, 33),
    "board_point": (34, 36),
    "off_point": (37, 39),
    "data": (40, 194),
    "serial": (195, 200),
}
TRAILER: Fields = {
    "airline": (3, 5),
    "released_on": (6, 12),
    "checked_serial": (188, 193),
    "end": (194, 194),
    "serial": (195, 200),
}
RECORDS: dict[str, Fields] = {"1": HEADER, "2": CARRIER, "3": LEG, "4": SEGMENT, "5": TRAILER}


class TimeMode(StrEnum):
    """Whether the times, days and periods of a data set are UTC or those of each airport."""

    UTC = "U"
    LOCAL = "L"


def line(kind: str, **values: str) -> str:
    """One record, every value at its place. Raises ValueError for one that does not fit."""
    columns = [" "] * WIDTH
    columns[0] = kind
    for name, value in values.items():
        first, last = RECORDS[kind][name]
        if len(value) > last - first + 1:
            raise ValueError(f"{name} holds at most {last - first + 1} characters: {value!r}")
        columns[first - 1 : first - 1 + len(value)] = value
    return "".join(columns)


def write_date(day: date) -> str:
    return f"{day.day:02}{MONTHS[day.month - 1]}{day.year % 100:02}"


def read_date(text: str) -> date:
    """Raises ValueError. Two digits are a year of this century."""
    return date(2000 + int(text[5:]), MONTHS.index(text[2:5]) + 1, int(text[:2]))


def write_time(at: time) -> str:
    return f"{at:%H%M}"


def read_time(text: str) -> tuple[time, int]:
    """The time, and 1 when it is the midnight that ends the day (2400). Raises ValueError."""
    if not (len(text) == 4 and text.isdigit()):
        raise ValueError(text)
    if text == "2400":
        return time(0), 1
    return time(int(text[:2]), int(text[2:])), 0


def write_variation(offset: timedelta) -> str:
    """Local time less UTC, as +HHMM."""
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def read_variation(text: str) -> timedelta:
    """Raises ValueError."""
    if len(text) != 5 or text[0] not in "+-" or not text[1:].isdigit() or int(text[3:]) > 59:
        raise ValueError(text)
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return -offset if text[0] == "-" else offset


def write_day_shift(days: int) -> str:
    """How many days after the date of operation: the day before is A."""
    return "A" if days == -1 else str(days)


def read_day_shift(text: str) -> int:
    """Raises ValueError."""
    return {" ": 0, "0": 0, "1": 1, "2": 2, "A": -1}[text] if text in " 012A" else int("")


def season_of(day: date) -> str:
    """IATA's season: summer begins on the last Sunday of March, winter on the last Sunday of October."""
    summer, winter = _last_sunday(day.year, 3), _last_sunday(day.year, 10)
    if summer <= day < winter:
        return f"S{day.year % 100:02}"
    return f"W{(day.year if day >= winter else day.year - 1) % 100:02}"


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)

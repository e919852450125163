"""An SSIM chapter 7 data set as weekly legs, with everything that is wrong with it by line. No I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from app.flights.schedules import ssim_layout as layout
from app.flights.schedules.ssim_layout import TimeMode
from app.flights.schedules.weeks import WeeklyLeg, trimmed

# A document that is wrong throughout is usually wrong in one way.
MOST_PROBLEMS = 100

_AIRLINE = re.compile(r"[A-Z0-9]{2} ")
_AIRPORT = re.compile(r"[A-Z]{3}")
_NUMBER = re.compile(r"[ 0-9]{3}[0-9]")
# After a trailer comes another carrier, unless it ends the data set.
_DUE_AFTER = {"1": "2", "2": "35", "3": "345", "4": "345", "5": "2"}


@dataclass(frozen=True, slots=True)
class SsimProblem:
    """What is wrong with one line; `columns` counts from 1, as IATA does."""

    line: int
    columns: tuple[int, int] | None
    detail: str


@dataclass(frozen=True, slots=True)
class SsimLeg:
    """A leg of the document. Its own `aircraft_type` is empty: who knows the fleet finds it by the rest."""

    line: int
    leg: WeeklyLeg
    aircraft_code: str
    configuration: str
    own_aircraft_type: str | None


@dataclass
class SsimDocument:
    legs: list[SsimLeg] = field(default_factory=list)
    ignored_legs: int = 0
    problems: list[SsimProblem] = field(default_factory=list)


class _Wrong(Exception):
    def __init__(self, detail: str, columns: tuple[int, int] | None = None) -> None:
        super().__init__(detail)
        self.detail, self.columns = detail, columns


@dataclass(frozen=True, slots=True)
class _Carrier:
    airline: str
    mode: TimeMode
    valid_to: date | None


@dataclass
class _State:
    """What the records so far say of the next. None: the record before could not be read."""

    expected: str = "1"
    serial: int | None = 0
    carrier: _Carrier | None = None
    designator: str | None = ""
    # Where the legs of the record before begin; None when it was ignored.
    first_leg: int | None = None


def read(text: str) -> SsimDocument:
    """Every leg that can be read, and every line that cannot; rows of zeros and empty lines are padding."""
    document, state = SsimDocument(), _State()
    number = 0
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip("0 \r"):
            continue
        try:
            _read_row(number, row.rstrip("\r"), state, document)
        except _Wrong as wrong:
            document.problems.append(SsimProblem(number, wrong.columns, wrong.detail))
        if len(document.problems) >= MOST_PROBLEMS:
            return document
    if state.expected != "" and not document.problems:
        document.problems.append(SsimProblem(number + 1, None, "the document ends before its trailer"))
    return document


def _read_row(number: int, row: str, state: _State, document: SsimDocument) -> None:
    if len(row) != layout.WIDTH or not row.isascii() or not row.isprintable():
        state.serial = state.designator = state.first_leg = None
        state.expected = _DUE_AFTER.get(row[0], "2345")
        raise _Wrong(f"a record has {layout.WIDTH} columns of printable ASCII, this one {len(row)}")
    kind = row[0]
    if kind not in state.expected:
        raise _Wrong(f"a record of type {' or '.join(state.expected) or 'none'} is due here", (1, 1))
    state.expected = _DUE_AFTER[kind]
    _check_serial(row, kind, state)
    if kind == "1":
        if _at(row, "title", kind) != layout.TITLE:
            raise _Wrong(f"the title of a data set is {layout.TITLE}", layout.HEADER["title"])
    elif kind == "2":
        state.carrier = None
        state.carrier = _carrier(row)
    elif kind == "3":
        _leg(number, row, state, document)
    elif kind == "4":
        _segment(row, state, document)
    else:
        _trailer(row, state)


def _check_serial(row: str, kind: str, state: _State) -> None:
    columns = layout.RECORDS[kind]["serial"]
    serial = _at(row, "serial", kind)
    if not serial.isdigit():
        raise _Wrong("the record's serial number has six digits", columns)
    before, state.serial = state.serial, int(serial)
    if before is not None and state.serial != before + 1:
        raise _Wrong(f"serial number {before + 1:06} is due here", columns)


def _carrier(row: str) -> _Carrier:
    mode, airline = _at(row, "time_mode", "2"), _at(row, "airline", "2")
    if mode not in tuple(TimeMode):
        raise _Wrong("times are U for UTC or L for local", layout.CARRIER["time_mode"])
    if not _AIRLINE.fullmatch(airline):
        raise _Wrong("an airline has two characters and a blank", layout.CARRIER["airline"])
    _date(row, "2", "valid_from")
    return _Carrier(airline.strip(), TimeMode(mode), _date(row, "2", "valid_to", may_be_open=True))


def _leg(number: int, row: str, state: _State, document: SsimDocument) -> None:
    state.designator, state.first_leg = _designator(row), None
    if state.carrier is None:
        raise _Wrong("its carrier record could not be read")
    if _at(row, "airline", "3").strip() != state.carrier.airline:
        raise _Wrong(f"the carrier record is of {state.carrier.airline}", layout.LEG["airline"])
    if _at(row, "service", "3") not in layout.PASSENGER_SERVICES:
        document.ignored_legs += 1
        return
    legs = list(_weekly(row, state.carrier))
    if not legs:
        raise _Wrong("the period holds none of the days of operation", layout.LEG["weekdays"])
    state.first_leg = len(document.legs)
    code, seats = _at(row, "aircraft", "3").strip(), _at(row, "configuration", "3").strip()
    document.legs.extend(SsimLeg(number, leg, code, seats, None) for leg in legs)


def _segment(row: str, state: _State, document: SsimDocument) -> None:
    """Of what segment records tell, only our own aircraft type is of use here."""
    if state.designator is not None and _designator(row) != state.designator:
        raise _Wrong("segment data follows the leg it belongs to", (2, 14))
    if state.first_leg is None or _at(row, "element", "4") != layout.OWN_AIRCRAFT_TYPE:
        return
    own = _at(row, "data", "4").strip()
    for place in range(state.first_leg, len(document.legs)):
        document.legs[place] = replace(document.legs[place], own_aircraft_type=own)


def _trailer(row: str, state: _State) -> None:
    end = _at(row, "end", "5")
    state.expected = "" if end == "E" else "2"
    if end not in ("C", "E"):
        raise _Wrong("a trailer ends a data set (E) or is continued (C)", layout.TRAILER["end"])
    if _at(row, "checked_serial", "5") != f"{int(_at(row, 'serial', '5')) - 1:06}":
        raise _Wrong("the trailer names the serial number before its own", layout.TRAILER["checked_serial"])


def _designator(row: str) -> str:
    """Flight number and variation: columns 2 to 14."""
    return row[1:14]


def _weekly(row: str, carrier: _Carrier) -> Iterator[WeeklyLeg]:
    """One leg a weekday, in local times, and one a date when it flies every other week."""
    printed = _printed(row, carrier)
    frequency = _at(row, "frequency", "3")
    if frequency not in " 12":
        raise _Wrong("the frequency rate is blank, 1 or 2", layout.LEG["frequency"])
    for weekday in _weekdays(row):
        leg = trimmed(replace(printed, weekday=weekday))
        if leg is None:
            continue
        step = 2 if frequency == "2" else 1
        parts = [leg] if step == 1 else [_only(leg, day) for day in list(leg.days)[::step]]
        days = _day_shift(row, "departure_day")
        yield from (_local(row, _moved(part, days), carrier) for part in parts)


def _printed(row: str, carrier: _Carrier) -> WeeklyLeg:
    """The record as it is printed, on no weekday yet."""
    origin, destination = _at(row, "origin", "3"), _at(row, "destination", "3")
    for name, code in (("origin", origin), ("destination", destination)):
        if not _AIRPORT.fullmatch(code):
            raise _Wrong("a station has three letters", layout.LEG[name])
    departs, too_late = _time(row, "departs")
    if too_late:
        raise _Wrong("2400 ends a day, so nothing departs then", layout.LEG["departs"])
    arrives, next_day = _time(row, "arrives")
    shift = _day_shift(row, "arrival_day") - _day_shift(row, "departure_day") + next_day
    first = _date(row, "3", "valid_from")
    last = _date(row, "3", "valid_to", may_be_open=True) or carrier.valid_to
    if first is None or last is None:
        raise _Wrong("neither the leg nor its carrier record says when it ends", layout.LEG["valid_to"])
    if last < first:
        raise _Wrong("the period ends before it begins", layout.LEG["valid_to"])
    return WeeklyLeg(
        airline=carrier.airline,
        flight_number=_flight_number(row),
        origin=origin,
        destination=destination,
        departs_local=departs,
        arrives_local=arrives,
        arrives_day_offset=shift,
        aircraft_type="",
        weekday=1,
        valid_from=first,
        valid_to=last,
    )


def _moved(leg: WeeklyLeg, days: int) -> WeeklyLeg:
    """The leg that many days after the dates the record counts by."""
    shift = timedelta(days=days)
    first = leg.valid_from + shift
    return replace(leg, weekday=first.isoweekday(), valid_from=first, valid_to=leg.valid_to + shift)


def _only(leg: WeeklyLeg, day: date) -> WeeklyLeg:
    return replace(leg, valid_from=day, valid_to=day)


def _local(row: str, leg: WeeklyLeg, carrier: _Carrier) -> WeeklyLeg:
    """The leg by the clocks of its airports, the record saying how far they are from UTC."""
    if carrier.mode is TimeMode.LOCAL:
        return leg
    departs = datetime.combine(leg.valid_from, leg.departs_local) + _variation(row, "origin_variation")
    arrival_day = leg.valid_from + timedelta(days=leg.arrives_day_offset)
    arrives = datetime.combine(arrival_day, leg.arrives_local) + _variation(row, "destination_variation")
    return replace(
        _moved(leg, (departs.date() - leg.valid_from).days),
        departs_local=departs.time(),
        arrives_local=arrives.time(),
        arrives_day_offset=(arrives.date() - departs.date()).days,
    )


def _weekdays(row: str) -> list[int]:
    text = _at(row, "weekdays", "3")
    for place, letter in enumerate(text, 1):
        if letter not in (" ", str(place)):
            raise _Wrong("a day of operation stands in its own column, 1234567", layout.LEG["weekdays"])
    return [int(letter) for letter in text if letter != " "]


def _flight_number(row: str) -> str:
    digits, suffix = _at(row, "flight_number", "3"), _at(row, "suffix", "3").strip()
    if not _NUMBER.fullmatch(digits) or int(digits) == 0:
        raise _Wrong("a flight number has up to four digits", layout.LEG["flight_number"])
    if suffix and not "A" <= suffix <= "Z":
        raise _Wrong("the operational suffix is a letter", layout.LEG["suffix"])
    return f"{int(digits)}{suffix}"


def _date(row: str, kind: str, name: str, *, may_be_open: bool = False) -> date | None:
    text = _at(row, name, kind)
    if may_be_open and text == layout.OPEN_END:
        return None
    try:
        return layout.read_date(text)
    except ValueError:
        raise _Wrong("a date is written as 29MAR26", layout.RECORDS[kind][name]) from None


def _time(row: str, name: str) -> tuple[time, int]:
    try:
        return layout.read_time(_at(row, name, "3"))
    except ValueError:
        raise _Wrong("a time is written as 0815", layout.LEG[name]) from None


def _variation(row: str, name: str) -> timedelta:
    try:
        return layout.read_variation(_at(row, name, "3"))
    except ValueError:
        raise _Wrong("a time variation is written as +0530", layout.LEG[name]) from None


def _day_shift(row: str, name: str) -> int:
    try:
        return layout.read_day_shift(_at(row, name, "3"))
    except ValueError:
        raise _Wrong("a date variation is blank, 0, 1, 2 or A", layout.LEG[name]) from None


def _at(row: str, name: str, kind: str) -> str:
    first, last = layout.RECORDS[kind][name]
    return row[first - 1 : last]

"""Schedules as an SSIM chapter 7 data set. No I/O."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.flights.local_time import resolve_local
from app.flights.schedules import ssim_layout as layout
from app.flights.schedules.ssim_layout import TimeMode
from app.flights.schedules.weeks import Pattern, WeeklyLeg, canonical, patterns

DATA_SET_SERIAL = "001"
CREATOR = "CONTRAIL"
# Two digits and an overflow of one: a number has no room for more.
MOST_VARIATIONS = 999


@dataclass(frozen=True, slots=True)
class Equipment:
    """An aircraft type as SSIM tells of it."""

    code: str
    configuration: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """One airline's schedules, and what is needed to write them down."""

    airline: str
    legs: Sequence[WeeklyLeg]
    zones: Mapping[str, ZoneInfo]
    equipment: Mapping[str, Equipment]
    mode: TimeMode
    made_at: datetime


class Offsets(NamedTuple):
    """Local time less UTC at both ends: a record holds for as long as neither changes."""

    origin: timedelta
    destination: timedelta


def write(data: DataSet) -> str:
    """The document, every record 200 columns and a line of its own."""
    records = list(_records(data))
    lines: list[str] = []
    for _, block in groupby(records, key=lambda record: "3" if record[0] in "34" else record[0]):
        rows = list(block)
        lines.extend([*rows, *([layout.ZEROS] * (-len(rows) % layout.BLOCK))])
    return "\n".join(lines) + "\n"


def _records(data: DataSet) -> Iterator[str]:
    serial = 1
    yield layout.line("1", title=layout.TITLE, data_set_serial=DATA_SET_SERIAL, serial=f"{serial:06}")
    serial += 1
    yield _carrier(data, serial)
    variations: Counter[str] = Counter()
    for offsets, pattern in _in_mode(data):
        variations[pattern.leg.flight_number] += 1
        for row in _leg_rows(data, pattern, offsets, variations[pattern.leg.flight_number]):
            serial += 1
            yield f"{row[:194]}{serial:06}"
    yield layout.line(
        "5",
        airline=data.airline,
        released_on=layout.write_date(data.made_at.date()),
        checked_serial=f"{serial:06}",
        end="E",
        serial=f"{serial + 1:06}",
    )


def _carrier(data: DataSet, serial: int) -> str:
    first = min((leg.valid_from for leg in data.legs), default=data.made_at.date())
    last = max((leg.valid_to for leg in data.legs), default=data.made_at.date())
    # In UTC a first or last departure may fall on the day beside.
    slack = timedelta(days=1 if data.mode is TimeMode.UTC else 0)
    return layout.line(
        "2",
        time_mode=data.mode,
        airline=data.airline,
        season=layout.season_of(first),
        valid_from=layout.write_date(first - slack),
        valid_to=layout.write_date(last + slack),
        created_on=layout.write_date(data.made_at.date()),
        status="C",
        creator=CREATOR,
        created_at=layout.write_time(data.made_at.time()),
        serial=f"{serial:06}",
    )


def _in_mode(data: DataSet) -> Iterator[tuple[Offsets, Pattern]]:
    """What goes into one leg record each, by flight number and date."""
    by_offsets: dict[Offsets, list[WeeklyLeg]] = {}
    for leg in canonical(data.legs):
        for offsets, part in _split_at_clock_changes(leg, data.zones):
            written = part if data.mode is TimeMode.LOCAL else _in_utc(part, offsets)
            by_offsets.setdefault(offsets, []).append(written)
    found = [(offsets, pattern) for offsets, legs in by_offsets.items() for pattern in patterns(legs)]
    yield from sorted(found, key=_by_number_and_date)


def _by_number_and_date(entry: tuple[Offsets, Pattern]) -> tuple[int, str, date, WeeklyLeg]:
    pattern = entry[1]
    number = pattern.leg.flight_number
    return int(number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), number, pattern.valid_from, pattern.leg


def _split_at_clock_changes(
    leg: WeeklyLeg, zones: Mapping[str, ZoneInfo]
) -> Iterator[tuple[Offsets, WeeklyLeg]]:
    for offsets, days in groupby(leg.days, key=lambda day: _offsets(leg, day, zones)):
        dates = list(days)
        yield offsets, replace(leg, valid_from=dates[0], valid_to=dates[-1])


def _offsets(leg: WeeklyLeg, day: date, zones: Mapping[str, ZoneInfo]) -> Offsets:
    """At the printed times of that day. In the hour a clock skips or repeats, what it was before."""
    arrival_day = day + timedelta(days=leg.arrives_day_offset)
    return Offsets(
        _offset(datetime.combine(day, leg.departs_local), zones[leg.origin]),
        _offset(datetime.combine(arrival_day, leg.arrives_local), zones[leg.destination]),
    )


def _offset(printed: datetime, zone: ZoneInfo) -> timedelta:
    return printed.replace(tzinfo=UTC) - resolve_local(printed.date(), printed.time(), zone).instant


def _in_utc(leg: WeeklyLeg, offsets: Offsets) -> WeeklyLeg:
    departs = datetime.combine(leg.valid_from, leg.departs_local) - offsets.origin
    arrival_day = leg.valid_from + timedelta(days=leg.arrives_day_offset)
    arrives = datetime.combine(arrival_day, leg.arrives_local) - offsets.destination
    shift = departs.date() - leg.valid_from
    return replace(
        leg,
        weekday=departs.isoweekday(),
        departs_local=departs.time(),
        arrives_local=arrives.time(),
        arrives_day_offset=(arrives.date() - departs.date()).days,
        valid_from=leg.valid_from + shift,
        valid_to=leg.valid_to + shift,
    )


def _leg_rows(data: DataSet, pattern: Pattern, offsets: Offsets, variation: int) -> Iterator[str]:
    if variation > MOST_VARIATIONS:
        raise ValueError(f"{pattern.leg.flight_number} has more than {MOST_VARIATIONS} variations")
    leg = pattern.leg
    number = leg.flight_number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    designator = {
        "suffix": leg.flight_number[len(number) :] or " ",
        "airline": data.airline,
        "flight_number": f"{int(number):04}",
        "variation": f"{variation % 100:02}",
        "variation_overflow": str(variation // 100) if variation > 99 else " ",
        "leg_number": "01",
        "service": "J",
    }
    departs, arrives = layout.write_time(leg.departs_local), layout.write_time(leg.arrives_local)
    equipment = data.equipment[leg.aircraft_type]
    yield layout.line(
        "3",
        **designator,
        valid_from=layout.write_date(pattern.valid_from),
        valid_to=layout.write_date(pattern.valid_to),
        weekdays="".join(str(day) if day in pattern.weekdays else " " for day in range(1, 8)),
        origin=leg.origin,
        passengers_depart=departs,
        departs=departs,
        origin_variation=layout.write_variation(offsets.origin),
        destination=leg.destination,
        arrives=arrives,
        passengers_arrive=arrives,
        destination_variation=layout.write_variation(offsets.destination),
        aircraft=equipment.code,
        configuration=equipment.configuration,
        departure_day="0",
        arrival_day=layout.write_day_shift(leg.arrives_day_offset),
    )
    yield layout.line(
        "4",
        **designator,
        board_indicator="A",
        off_indicator="B",
        element=layout.OWN_AIRCRAFT_TYPE,
        board_point=leg.origin,
        off_point=leg.destination,
        data=leg.aircraft_type,
    )

"""SSIM chapter 7: what is written can be read back, and what is wrong is told by line and column."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flights.local_time import resolve_local, zone_of
from app.flights.schedules import ssim_layout as layout
from app.flights.schedules.aircraft_codes import UNKNOWN, cabins_of, configuration, iata_code
from app.flights.schedules.ssim_layout import TimeMode
from app.flights.schedules.ssim_reader import MOST_PROBLEMS, SsimDocument, read
from app.flights.schedules.ssim_writer import DataSet, Equipment, write
from app.flights.schedules.weeks import WeeklyLeg, canonical

ZONES = {
    "JFK": zone_of("America/New_York"),
    "LAX": zone_of("America/Los_Angeles"),
    "LHR": zone_of("Europe/London"),
    "NRT": zone_of("Asia/Tokyo"),
    "DEL": zone_of("Asia/Kolkata"),
}
EQUIPMENT = {"A320-232": Equipment("320", "C012Y150"), "777-222": Equipment("772", "C040Y290")}
MADE_AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
LEG = WeeklyLeg(
    "B6", "615", "JFK", "LAX", time(8, 15), time(11, 20), 0, "A320-232", 1, MONDAY, date(2026, 4, 30)
)


@st.composite
def timetables(draw: st.DrawFn) -> list[WeeklyLeg]:
    """Legs that do not contradict each other: one flight number each, over the changes of clocks."""
    made: list[WeeklyLeg] = []
    for number in range(draw(st.integers(1, 4))):
        origin, destination = draw(st.permutations(sorted(ZONES)))[:2]
        departs = draw(st.times()).replace(second=0, microsecond=0)
        first = MONDAY + timedelta(days=draw(st.integers(0, 300)))
        left = resolve_local(first, departs, ZONES[origin]).instant
        landed = left + timedelta(minutes=draw(st.integers(120, 1000)))
        arrives = landed.astimezone(ZONES[destination])
        base = replace(
            LEG,
            flight_number=f"{615 + number}{draw(st.sampled_from(['', 'R']))}",
            origin=origin,
            destination=destination,
            departs_local=departs,
            arrives_local=arrives.time(),
            arrives_day_offset=(arrives.date() - first).days,
            aircraft_type=draw(st.sampled_from(sorted(EQUIPMENT))),
            valid_from=first,
            valid_to=first + timedelta(days=draw(st.integers(0, 400))),
        )
        weekdays = draw(st.sets(st.integers(1, 7), min_size=1))
        made.extend(replace(base, weekday=weekday) for weekday in weekdays)
    return made


def written(legs: Iterable[WeeklyLeg], mode: TimeMode = TimeMode.LOCAL) -> str:
    return write(DataSet("B6", list(legs), ZONES, EQUIPMENT, mode, MADE_AT))


def legs_of(document: SsimDocument) -> list[WeeklyLeg]:
    assert document.problems == []
    return canonical(replace(each.leg, aircraft_type=each.own_aircraft_type or "") for each in document.legs)


@settings(max_examples=60, deadline=None)
@given(timetables(), st.sampled_from(list(TimeMode)))
def test_what_was_written_is_read_back_in_either_mode(timetable: list[WeeklyLeg], mode: TimeMode) -> None:
    text = written(timetable, mode)

    assert {len(row) for row in text.splitlines()} == {layout.WIDTH}
    assert legs_of(read(text)) == canonical(timetable)


@settings(max_examples=20, deadline=None)
@given(timetables())
def test_both_modes_say_the_same(timetable: list[WeeklyLeg]) -> None:
    assert legs_of(read(written(timetable, TimeMode.UTC))) == legs_of(read(written(timetable)))


def test_a_record_stands_where_the_manual_puts_it() -> None:
    rows = [row for row in written([LEG, replace(LEG, weekday=3)]).splitlines() if row.strip("0")]

    assert [row[0] for row in rows] == ["1", "2", "3", "4", "3", "4", "5"]
    assert rows[0][1:35] == "AIRLINE STANDARD SCHEDULE DATA SET"
    assert rows[1][:28] == "2LB6      W25 02MAR2630APR26"
    # Eastern time ends on 8 March: what was one period is two, each with its own distance from UTC.
    assert rows[2][:52] == "3 B6 06150101J02MAR2604MAR261 3     JFK08150815-0500"
    assert rows[4][:52] == "3 B6 06150201J09MAR2629APR261 3     JFK08150815-0400"
    assert rows[4][54:75] == "LAX11201120-0700  320"
    assert rows[4][172:194] == "C012Y150            00"
    assert rows[3][27:60].rstrip() == " AB901JFKLAXA320-232"
    assert [row[194:] for row in rows] == [f"{n:06}" for n in range(1, 8)]
    assert rows[-1][187:194] == "000006E"


def test_records_are_padded_to_blocks_of_five() -> None:
    rows = written([LEG]).splitlines()

    assert len(rows) % layout.BLOCK == 0
    assert rows[1:5] == [layout.ZEROS] * 4


def test_a_leg_at_midnight_utc_is_of_another_day_there() -> None:
    late = replace(LEG, departs_local=time(20, 15), arrives_local=time(23, 20), weekday=1)
    rows = [row for row in written([late], TimeMode.UTC).splitlines() if row[0] == "3"]

    assert rows[0][14:35] == f"03MAR2603MAR26{' 2     '}"
    assert rows[0][43:47] == "0115"


@pytest.mark.parametrize(
    ("spoil", "line", "columns", "words"),
    [
        (lambda rows: rows[5].replace("JFK", "J1K"), 6, (37, 39), "three letters"),
        (lambda rows: rows[5].replace("08150815", "08152515"), 6, (44, 47), "0815"),
        (lambda rows: rows[5].replace("08150815", "08152400"), 6, (44, 47), "nothing departs"),
        (lambda rows: rows[5].replace("02MAR26", "31FEB26"), 6, (15, 21), "29MAR26"),
        (lambda rows: rows[5].replace("02MAR26", "02MAR27", 1), 6, (22, 28), "before it begins"),
        (lambda rows: rows[5].replace("1      ", "2      ", 1), 6, (29, 35), "own column"),
        (lambda rows: rows[5].replace("B6 0615", "UA 0615"), 6, (3, 5), "carrier record"),
        (lambda rows: rows[5].replace("B6 0615", "B6 06A5"), 6, (6, 9), "digits"),
        (lambda rows: rows[5][:194] + "000009", 6, (195, 200), "000003"),
        (lambda rows: rows[5][:199], 6, None, "200 columns"),
        (lambda rows: rows[5].replace("JFK", "JFÉ"), 6, None, "ASCII"),
        (lambda rows: "9" + rows[5][1:], 6, (1, 1), "3 or 5"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column(
    spoil: Callable[[list[str]], str], line: int, columns: tuple[int, int] | None, words: str
) -> None:
    compact = [row for row in written([LEG]).splitlines() if row.strip("0")]
    padded = [compact[0], *([layout.ZEROS] * 3), *compact[1:]]
    assert padded[5][0] == "3"
    padded[5] = spoil(padded)

    problems = read("\n".join(padded)).problems

    assert (problems[0].line, problems[0].columns) == (line, columns)
    assert words in problems[0].detail


def test_every_wrong_line_is_told_of_and_not_only_the_first() -> None:
    rows = [row for row in written([LEG, replace(LEG, flight_number="9")]).splitlines() if row.strip("0")]
    spoiled = [row.replace("JFK", "J K") if row[0] == "3" else row for row in rows]

    problems = read("\n".join(spoiled)).problems

    assert [problem.line for problem in problems] == [3, 5, 7, 9]


def test_a_document_that_is_no_data_set_is_given_up_on_soon() -> None:
    problems = read("nonsense\n" * 1_000).problems

    assert len(problems) == MOST_PROBLEMS


@pytest.mark.parametrize("rows", [0, 1, 2, 4])
def test_a_document_that_breaks_off_says_so(rows: int) -> None:
    text = "\n".join([row for row in written([LEG]).splitlines() if row.strip("0")][:rows])

    assert "before its trailer" in read(text).problems[-1].detail


def test_what_carries_no_passengers_is_left_out_and_counted() -> None:
    rows = [row.replace("0101J", "0101F").replace("0201J", "0201F") for row in written([LEG]).splitlines()]

    document = read("\n".join(rows))

    assert (document.legs, document.ignored_legs, document.problems) == ([], 2, [])


def test_every_other_week_is_a_period_of_its_own_each_time() -> None:
    single = replace(LEG, valid_from=date(2026, 4, 6), valid_to=date(2026, 4, 30))
    rows = [f"{row[:35]}2{row[36:]}" if row[0] == "3" else row for row in written([single]).splitlines()]

    legs = legs_of(read("\n".join(rows)))

    assert [leg.valid_from for leg in legs] == [date(2026, 4, 6), date(2026, 4, 20)]


def test_a_period_until_further_notice_ends_with_the_carriers() -> None:
    rows = [
        f"{row[:21]}{layout.OPEN_END}{row[28:]}" if row[0] == "3" else row
        for row in written([replace(LEG, valid_from=date(2026, 3, 9))]).splitlines()
    ]

    assert [leg.valid_to for leg in legs_of(read("\n".join(rows)))] == [date(2026, 4, 27)]


def test_midnight_at_the_end_of_a_day_is_the_next() -> None:
    rows = [
        row.replace("11201120", "24002400")
        for row in written([replace(LEG, valid_from=date(2026, 3, 9))]).splitlines()
    ]

    (leg,) = legs_of(read("\n".join(rows)))

    assert (leg.arrives_local, leg.arrives_day_offset) == (time(0), 1)


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("A320-232", "320"),
        ("737-824", "738"),
        ("EMB-145LR", "ER4"),
        ("DC-9-82(MD-82)", "M82"),
        ("X-15", UNKNOWN),
    ],
)
def test_a_model_has_the_code_iata_gave_it(model: str, code: str) -> None:
    assert iata_code(model) == code


@pytest.mark.parametrize(
    "cabins", [{"economy": 150}, {"business": 12, "economy": 150}, {"first": 8, "economy": 9}]
)
def test_a_configuration_is_read_as_it_was_written(cabins: dict[str, int]) -> None:
    assert cabins_of(configuration(cabins)) == cabins


@pytest.mark.parametrize("text", ["", "ABC", "Y12X", "12Y"])
def test_what_is_no_configuration_is_none(text: str) -> None:
    assert cabins_of(text) is None

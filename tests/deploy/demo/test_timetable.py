"""Legs of a day and the schedules they repeat in, on the real source."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.flights.local_time import LocalMoment
from deploy.demo.periods import derive_schedules, stable_id
from deploy.demo.schedule import make_plan
from deploy.demo.timetable import Leg, Outcome

DAYS_OF_CHANGE = [date(2026, 3, 8), date(2026, 11, 1), date(2028, 2, 29)]


def legs_of(day: date) -> list[Leg]:
    plan = make_plan(day, day)
    return [leg for _, legs in plan.timetable.days(day, day) for leg in legs]


def in_the_air(leg: Leg) -> timedelta:
    return leg.arrives.instant - leg.departs.instant


def a_leg(day: date, departs: time, *, number: str = "1", hours: int = 6, simulated: bool = False) -> Leg:
    local = datetime.combine(day, departs)
    instant = local.replace(tzinfo=UTC)
    landed = timedelta(hours=hours)
    return Leg(
        "UA", number, "JFK", "SFO", LocalMoment(local, instant), "UTC",
        LocalMoment(local + landed, instant + landed), "UTC", "737-824", None, 4152, simulated, None,
    )  # fmt: skip


@pytest.mark.parametrize("day", DAYS_OF_CHANGE)
def test_local_and_absolute_times_agree_on_days_when_clocks_change(day: date) -> None:
    legs = legs_of(day)

    assert len(legs) > 1000
    for leg in legs:
        assert (
            leg.departs.instant.astimezone(ZoneInfo(leg.departs_zone)).replace(tzinfo=None)
            == leg.departs.local
        )
        assert (
            leg.arrives.instant.astimezone(ZoneInfo(leg.arrives_zone)).replace(tzinfo=None)
            == leg.arrives.local
        )
        assert timedelta(minutes=15) < leg.arrives.instant - leg.departs.instant < timedelta(hours=19)
        assert -1 <= (leg.arrives.local.date() - leg.departs.local.date()).days <= 2


def test_departures_of_a_day_of_2013_are_those_of_the_source() -> None:
    day = date(2013, 6, 12)
    plan = make_plan(day, day)

    real = [leg for leg in legs_of(day) if not leg.simulated]

    source = plan.source.flights[day]
    assert Counter((leg.airline, leg.flight_number, leg.departs.local.time()) for leg in real) == Counter(
        (flight.airline, flight.number, flight.departs) for flight in source
    )
    cancelled = [leg for leg in real if leg.outcome and leg.outcome.kind == "cancelled"]
    assert len(cancelled) == sum(flight.cancelled for flight in source) > 0


def test_every_real_departure_is_mirrored_and_marked_simulated() -> None:
    day = date(2026, 12, 5)
    plan = make_plan(day, date(2026, 12, 7))
    legs = [leg for _, legs in plan.timetable.days(day, date(2026, 12, 7)) for leg in legs]
    returns = {
        (
            leg.airline,
            leg.flight_number,
            leg.origin,
            leg.destination,
            leg.arrives.instant - leg.departs.instant,
        )
        for leg in legs
        if leg.flight_number.endswith("R") and leg.simulated
    }

    out = [leg for leg in legs if not leg.simulated and leg.departure_date == day]

    assert len(out) > 600
    for leg in out:
        assert (leg.airline, f"{leg.flight_number}R", leg.destination, leg.origin, in_the_air(leg)) in returns


def test_a_day_is_the_same_whatever_range_it_is_part_of() -> None:
    day = date(2026, 12, 5)
    plan = make_plan(date(2026, 11, 20), date(2026, 12, 10))

    within = dict(plan.timetable.days(date(2026, 12, 1), date(2026, 12, 10)))[day]

    assert within == legs_of(day)


def test_an_outcome_is_known_on_landing_and_a_cancellation_before_departure() -> None:
    for leg in legs_of(date(2026, 12, 5)):
        if leg.outcome and leg.outcome.kind == "flown":
            assert leg.outcome.known_at >= leg.departs.instant
        if leg.outcome and leg.outcome.kind == "cancelled":
            assert leg.outcome == Outcome("cancelled", None, None, leg.departs.instant - timedelta(hours=2))


def test_a_run_of_departures_at_the_same_times_is_one_schedule_and_a_lone_one_has_none() -> None:
    monday = date(2026, 12, 7)
    weeks = [monday + timedelta(weeks=n) for n in range(4)]
    legs = [a_leg(week, time(9)) for week in weeks[:3]] + [a_leg(weeks[3], time(9, 30))]

    schedules, schedule_of = derive_schedules(legs)

    (schedule,) = schedules
    assert (schedule.weekday, schedule.valid_from, schedule.valid_to) == (1, weeks[0], weeks[2])
    assert [schedule_of.get(leg.key) for leg in legs] == [schedule.id] * 3 + [None]


def test_two_departures_of_one_number_on_a_day_do_not_make_overlapping_schedules() -> None:
    weeks = [date(2026, 12, 7) + timedelta(weeks=n) for n in range(3)]
    legs = [a_leg(week, at) for week in weeks for at in (time(6), time(14))]

    schedules, schedule_of = derive_schedules(legs)

    assert [schedule.departs_local for schedule in schedules] == [time(6)]
    assert len(schedule_of) == 3


def test_stable_ids_are_uuid7_of_their_moment_and_differ_by_key() -> None:
    moment = datetime(2026, 12, 5, 17, 5, tzinfo=UTC)

    one, same, other = stable_id(moment, "a", 1), stable_id(moment, "a", 1), stable_id(moment, "a", 2)

    assert one == same != other
    assert one.version == 7
    assert one.variant == "specified in RFC 4122"
    assert one.int >> 80 == int(moment.timestamp() * 1000)

"""What a timetable's local times mean where the clocks change."""

from datetime import UTC, date, datetime, time

from app.flights.local_time import resolve_arrival, resolve_arrival_on, resolve_local, zone_of

NEW_YORK = zone_of("America/New_York")


def test_a_time_skipped_in_spring_moves_forward_by_the_gap() -> None:
    moment = resolve_local(date(2026, 3, 8), time(2, 30), NEW_YORK)

    assert moment.local.isoformat() == "2026-03-08T03:30:00"
    assert moment.instant == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_time_repeated_in_autumn_is_its_first_occurrence() -> None:
    moment = resolve_local(date(2026, 11, 1), time(1, 30), NEW_YORK)

    assert moment.local.isoformat() == "2026-11-01T01:30:00"
    assert moment.instant == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_an_arrival_in_a_repeated_hour_is_the_occurrence_that_fits_the_length_of_flight() -> None:
    departs_at = datetime(2026, 11, 1, 4, 55, tzinfo=UTC)

    short = resolve_arrival(departs_at, time(1, 50), NEW_YORK, 150)
    long = resolve_arrival(departs_at, time(1, 50), NEW_YORK, 1100)

    assert short.instant == datetime(2026, 11, 1, 5, 50, tzinfo=UTC)
    assert long.instant == datetime(2026, 11, 1, 6, 50, tzinfo=UTC)


def test_a_flight_may_arrive_before_it_left_by_the_local_clock() -> None:
    departs_at = resolve_local(date(2026, 12, 5), time(17, 5), zone_of("Asia/Tokyo")).instant

    arrival = resolve_arrival(departs_at, time(16, 45), NEW_YORK, 10800)

    assert arrival.local.isoformat() == "2026-12-05T16:45:00"
    assert arrival.instant > departs_at


def test_an_overnight_flight_arrives_on_the_next_local_day() -> None:
    departs_at = resolve_local(date(2026, 6, 1), time(22, 0), zone_of("America/Los_Angeles")).instant

    arrival = resolve_arrival(departs_at, time(6, 20), NEW_YORK, 3974)

    assert arrival.local.isoformat() == "2026-06-02T06:20:00"


def test_an_arrival_across_the_date_line_may_be_on_the_day_before() -> None:
    departs_at = resolve_local(date(2026, 6, 2), time(0, 30), zone_of("Pacific/Auckland")).instant

    arrival = resolve_arrival(departs_at, time(11, 0), zone_of("Pacific/Honolulu"), 7090)

    assert arrival.local.isoformat() == "2026-06-01T11:00:00"


def test_an_arrival_whose_day_is_known_is_taken_at_its_word() -> None:
    departs_at = resolve_local(date(2026, 6, 1), time(22, 0), zone_of("America/Los_Angeles")).instant

    arrival = resolve_arrival_on(date(2026, 6, 2), time(6, 20), NEW_YORK, departs_at, 3974)
    too_early = resolve_arrival_on(date(2026, 6, 1), time(6, 20), NEW_YORK, departs_at, 3974)

    assert arrival.instant == datetime(2026, 6, 2, 10, 20, tzinfo=UTC)
    assert too_early.instant < departs_at

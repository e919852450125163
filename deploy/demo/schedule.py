"""`contrail load-schedule`: the real flights of 2013 as the departures of any range of days."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg

from deploy.demo import schedule_store as store
from deploy.demo.aircraft import Fleet, build_fleet
from deploy.demo.local_time import source_day
from deploy.demo.periods import Schedule, derive_schedules, month_of
from deploy.demo.progress import Progress, progress
from deploy.demo.rotations import ROTATIONS
from deploy.demo.source import Source, SourceMissing, read_airports, read_source
from deploy.demo.stack import core_dsn, stack_settings
from deploy.demo.timetable import DAYS_BEFORE_WITH_RETURNS, Leg, Timetable

OK, FAILED, USAGE = 0, 1, 2
ONE_DAY = timedelta(days=1)

# Two years: what one load may ask for before it is more likely a typing error than a wish.
MOST_DAYS = 731

# One transaction each: about 7,000 departures, two seconds of work, so nothing waits for the load long.
DAYS_PER_CHUNK = 4

# The source's busiest days, both ways; only the progress bar believes it.
DEPARTURES_PER_DAY = 1860


@dataclass
class Report:
    """What a load was asked for, and what was new in it."""

    first: date
    last: date
    planned: Counter[str] = field(default_factory=Counter)
    inserted: Counter[str] = field(default_factory=Counter)
    without_schedule: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, object]:
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "departures": self.planned["flights"],
            "departures_without_schedule": self.without_schedule,
            "tables": {
                table: {"planned": self.planned[table], "inserted": self.inserted[table]}
                for table in store.COLUMNS
            },
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Plan:
    """The legs of a range of days, with their schedules, a chunk of days at a time."""

    timetable: Timetable
    fleet: Fleet
    source: Source
    first: date
    last: date

    def chunks(self) -> Iterator[tuple[list[Schedule], list[tuple[Leg, UUID | None]]]]:
        """(the schedules that begin to matter, [(leg, its schedule)]) in order of time."""
        start, _ = month_of(self.first)
        _, end = month_of(self.last)
        month: list[Leg] = []
        for day, legs in self.timetable.days(start, end):
            month.extend(legs)
            if day == month_of(day)[1]:
                yield from self._month(month)
                month = []

    def _month(self, legs: list[Leg]) -> Iterator[tuple[list[Schedule], list[tuple[Leg, UUID | None]]]]:
        schedules, schedule_of = derive_schedules(legs)
        wanted = [leg for leg in legs if self.first <= leg.departure_date <= self.last]
        used = {schedule_of[leg.key] for leg in wanted if leg.key in schedule_of}
        begin = [schedule for schedule in schedules if schedule.id in used]
        for chunk in _chunks_of_days(wanted):
            yield begin, [(leg, schedule_of.get(leg.key)) for leg in chunk]
            begin = []


def run(
    *,
    first: date | None = None,
    last: date | None = None,
    days_back: int = 60,
    days_ahead: int = 60,
    as_json: bool = False,
    dry_run: bool = False,
    dsn: str | None = None,
) -> int:
    """Load the schedule and say what was new. Returns the command's exit code."""
    today = datetime.now(UTC).date()
    first, last = first or today - days_back * ONE_DAY, last or today + days_ahead * ONE_DAY
    if not 0 <= (last - first).days < MOST_DAYS:
        print(f"load-schedule: {first} to {last} is not a range of 1 to {MOST_DAYS} days", file=sys.stderr)
        return USAGE
    try:
        report = load(dsn or core_dsn(stack_settings(), "app_rw"), first, last, dry_run=dry_run)
    except SourceMissing as error:
        print(f"load-schedule: {error}", file=sys.stderr)
        return FAILED
    except (FileNotFoundError, psycopg.OperationalError) as error:
        print(
            f"load-schedule: the core does not answer ({error}); start it with `contrail up`", file=sys.stderr
        )
        return FAILED
    print(json.dumps(report.as_json()) if as_json else _table(report, dry_run=dry_run))
    return OK


def load(dsn: str, first: date, last: date, *, dry_run: bool = False) -> Report:
    """Write what is not there yet of the schedule between two local days, both included."""
    started = time.monotonic()
    print(
        f"schedule: reading the departures of 2013 that stand for {first} to {last}",
        file=sys.stderr,
        flush=True,
    )
    plan = make_plan(first, last)
    report = Report(first, last)
    days = (last - first).days + 1
    with (
        psycopg.connect(dsn) as connection,
        progress("schedule", days * DEPARTURES_PER_DAY, "departures") as bar,
    ):
        _load_chunks(connection, plan, report, bar, dry_run=dry_run)
    report.seconds = time.monotonic() - started
    return report


def make_plan(first: date, last: date) -> Plan:
    """Read the source for all the range needs: whole months, and the days whose returns reach into them."""
    start, _ = month_of(first)
    _, end = month_of(last)
    start -= DAYS_BEFORE_WITH_RETURNS * ONE_DAY
    source = read_source({source_day(start + n * ONE_DAY) for n in range((end - start).days + 1)})
    fleet = build_fleet(source)
    return Plan(Timetable(source, read_airports(), fleet), fleet, source, first, last)


def _load_chunks(
    connection: psycopg.Connection, plan: Plan, report: Report, bar: Progress, *, dry_run: bool
) -> None:
    known_routes: set[tuple[str, str]] = set()
    reference = _reference_rows(plan)
    for schedules, legs in plan.chunks():
        rows = reference | _chunk_rows(plan, schedules, legs, known_routes)
        reference = {}
        report.planned.update({table: len(lines) for table, lines in rows.items()})
        report.without_schedule += sum(schedule is None for _, schedule in legs)
        if not dry_run:
            report.inserted.update(store.insert_new(connection, dict(rows)))
        bar.advance(len(legs), legs[-1][0].departure_date.isoformat())


def _reference_rows(plan: Plan) -> dict[str, list[store.Row]]:
    real = {
        code
        for flights in plan.source.flights.values()
        for f in flights
        for code in (f.origin, f.destination)
    }
    abroad = {code for rotation in ROTATIONS for code in (rotation.origin, rotation.destination)}
    airports = [plan.timetable.airports[code] for code in sorted(real | abroad)]
    return {
        "airports": list(store.airport_rows(airports, abroad - real)),
        "airlines": [(code, name, False) for code, name in sorted(plan.source.airlines.items())],
        "aircraft_types": list(store.aircraft_rows(plan.fleet.types.values())),
    }


def _chunk_rows(
    plan: Plan,
    schedules: list[Schedule],
    legs: list[tuple[Leg, UUID | None]],
    known_routes: set[tuple[str, str]],
) -> dict[str, list[store.Row]]:
    routes = []
    for leg, _ in legs:
        if (leg.origin, leg.destination) not in known_routes:
            known_routes.add((leg.origin, leg.destination))
            routes.append(
                store.route_row(leg.origin, leg.destination, leg.distance_km, simulated=leg.simulated)
            )
    outcomes = (store.outcome_row(leg) for leg, _ in legs)
    return {
        "routes": routes,
        "schedules": [store.schedule_row(schedule) for schedule in schedules],
        "flights": [store.flight_row(leg, schedule) for leg, schedule in legs],
        "cabin_inventories": [
            row for leg, _ in legs for row in store.cabin_rows(leg, plan.fleet.types[leg.aircraft_type])
        ],
        "flight_outcomes": [row for row in outcomes if row is not None],
    }


def _chunks_of_days(legs: list[Leg]) -> Iterator[list[Leg]]:
    chunk: list[Leg] = []
    for leg in legs:
        if chunk and (leg.departure_date - chunk[0].departure_date).days >= DAYS_PER_CHUNK:
            yield chunk
            chunk = []
        chunk.append(leg)
    if chunk:
        yield chunk


def _table(report: Report, *, dry_run: bool) -> str:
    lines = [
        f"schedule {report.first} to {report.last} in {report.seconds:.0f} s"
        + (" (dry run)" if dry_run else "")
    ]
    lines += [
        f"  {table:18} {report.planned[table]:>9,} planned {report.inserted[table]:>9,} new"
        for table in store.COLUMNS
    ]
    lines.append(f"  departures that fly without a schedule: {report.without_schedule:,}")
    return "\n".join(lines)

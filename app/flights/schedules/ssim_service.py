"""Schedules between airlines: SSIM chapter 7 documents in and out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import clock
from app.core.context import current
from app.core.ids import uuid7
from app.core.security import Caller
from app.flights.local_time import zone_of
from app.flights.models import Schedule
from app.flights.schedules import aircraft_codes, rules, ssim_reader, ssim_writer, store
from app.flights.schedules.errors import ReferenceUnknown, SsimRefused, TooManyDepartures
from app.flights.schedules.schemas import SsimImported
from app.flights.schedules.ssim_layout import LEG, TimeMode
from app.flights.schedules.ssim_reader import SsimDocument, SsimLeg, SsimProblem
from app.flights.schedules.weeks import WeeklyLeg, canonical, without
from app.reference import service as reference
from app.reference.schemas import AircraftTypeView, AirportView

# A year of a large airline; more is asked for a season at a time.
MOST_SCHEDULES = 20_000


async def export(session: AsyncSession, airline: str, first: date, last: date, mode: TimeMode) -> str:
    """An airline's schedules between two days as a document.

    Raises ReferenceUnknown for an airline we do not know, TooManyDepartures for too large a document."""
    if airline not in await reference.find_airlines(session, [airline]):
        raise ReferenceUnknown(f"{airline} is not an airline of ours", pointer="/(query)/airline")
    rows = await store.list_schedules_of(session, airline, first, last, MOST_SCHEDULES + 1)
    if len(rows) > MOST_SCHEDULES:
        raise TooManyDepartures(f"one document holds at most {MOST_SCHEDULES} schedules; ask for fewer days")
    legs = [_leg(row, first, last) for row in rows]
    airports = await reference.find_airports(session, sorted({c for leg in legs for c in _ends(leg)}))
    types = await reference.list_aircraft_types(session)
    equipment = {
        code: ssim_writer.Equipment(
            aircraft_codes.iata_code(kind.model), aircraft_codes.configuration(kind.cabins)
        )
        for code, kind in types.items()
    }
    zones = {code: zone_of(airport.zone) for code, airport in airports.items()}
    made_at = await clock.now(session)
    return ssim_writer.write(ssim_writer.DataSet(airline, legs, zones, equipment, mode, made_at))


async def import_document(
    session: AsyncSession, caller: Caller, text: str, *, is_dry_run: bool
) -> SsimImported:
    """Make the schedules of a document that are not there yet, all or none.

    Raises SsimRefused with every line that is wrong, also those that contradict a schedule of ours."""
    document = ssim_reader.read(text)
    legs = await _resolved(session, document)
    _refuse(document.problems)
    known, new = await _apart(session, legs, document.problems)
    _refuse(document.problems)
    if new and not is_dry_run:
        await store.insert_schedules(session, [_row(leg) for leg in new])
        await audit.record(
            session,
            "schedules.imported",
            "airline",
            new[0].airline,
            actor=caller,
            after={"made": len(new), "known": len(known)},
        )
    return SsimImported(
        made=len(new), known=len(known), ignored_legs=document.ignored_legs, is_dry_run=is_dry_run
    )


def _refuse(problems: Sequence[SsimProblem]) -> None:
    if problems:
        raise SsimRefused(
            f"{len(problems)} lines are wrong; the first is {problems[0].line}: {problems[0].detail}",
            errors=[(_pointer(problem), problem.detail) for problem in sorted(problems, key=_by_line)],
        )


def _pointer(problem: SsimProblem) -> str:
    place = f"/(line)/{problem.line}"
    return place if problem.columns is None else f"{place}/{problem.columns[0]}-{problem.columns[1]}"


def _by_line(problem: SsimProblem) -> int:
    return problem.line


async def _resolved(session: AsyncSession, document: SsimDocument) -> list[tuple[int, WeeklyLeg]]:
    """(line, leg) with the aircraft types we fly; what we do not know becomes a problem of its line."""
    airlines = await reference.find_airlines(session, {each.leg.airline for each in document.legs})
    codes = sorted({code for each in document.legs for code in _ends(each.leg)})
    airports = await reference.find_airports(session, codes)
    types = await reference.list_aircraft_types(session)
    found: dict[int, SsimProblem] = {}
    resolved = []
    for each in document.legs:
        wrong = _unknown(each, airlines, airports)
        kind = _aircraft(each, types)
        if wrong is None and kind is None:
            wrong = SsimProblem(
                each.line, LEG["aircraft"], f"no aircraft type of ours is {each.aircraft_code}"
            )
        if wrong is None:
            wrong = _impossible(each, airports)
        if wrong is not None:
            found.setdefault(each.line, wrong)
        elif kind is not None:
            resolved.append((each.line, _with_aircraft(each.leg, kind)))
    room = max(0, ssim_reader.MOST_PROBLEMS - len(document.problems))
    document.problems.extend(list(found.values())[:room])
    return resolved


def _unknown(each: SsimLeg, airlines: set[str], airports: dict[str, AirportView]) -> SsimProblem | None:
    leg = each.leg
    if leg.airline not in airlines:
        return SsimProblem(each.line, LEG["airline"], f"{leg.airline} is not an airline of ours")
    for name, code in (("origin", leg.origin), ("destination", leg.destination)):
        if code not in airports:
            return SsimProblem(each.line, LEG[name], f"{code} is not an airport of ours")
    if leg.origin == leg.destination:
        return SsimProblem(each.line, LEG["destination"], "a leg goes somewhere")
    return None


def _aircraft(each: SsimLeg, types: dict[str, AircraftTypeView]) -> str | None:
    """Our own type where the document names it; else one of IATA's code, if possible with the same seats."""
    if each.own_aircraft_type is not None:
        return each.own_aircraft_type if each.own_aircraft_type in types else None
    same = [kind for kind in types.values() if aircraft_codes.iata_code(kind.model) == each.aircraft_code]
    cabins = aircraft_codes.cabins_of(each.configuration)
    fitting = [kind for kind in same if cabins is not None and dict(kind.cabins) == cabins]
    return min((kind.code for kind in fitting or same), default=None)


def _impossible(each: SsimLeg, airports: dict[str, AirportView]) -> SsimProblem | None:
    leg = each.leg
    origin, destination = airports[leg.origin], airports[leg.destination]
    ends = rules.Ends(
        zone_of(origin.zone), zone_of(destination.zone), reference.distance_km(origin, destination)
    )
    printed = rules.Printed(leg.departs_local, leg.arrives_local, leg.arrives_day_offset)
    wrong = rules.why_impossible(printed, leg.weekday, leg.valid_from, leg.valid_to, ends)
    if wrong is None:
        return None
    columns = LEG["arrives"] if wrong[1] == "arrives_day_offset" else LEG["valid_to"]
    return SsimProblem(each.line, columns, wrong[0])


async def _apart(
    session: AsyncSession, legs: Sequence[tuple[int, WeeklyLeg]], problems: list[SsimProblem]
) -> tuple[list[WeeklyLeg], list[WeeklyLeg]]:
    """(known, new): a leg may be known in part. One that overlaps another becomes a problem."""
    lines: dict[tuple[Any, ...], int] = {}
    for line, leg in legs:
        lines.setdefault(leg.key, line)
    wanted = canonical(leg for _, leg in legs)
    ours = await _ours(session, wanted)
    new = [part for leg in wanted for part in without(leg, ours[_number(leg)])]
    known = [leg for leg in wanted if leg not in new]
    planned: dict[tuple[Any, ...], list[WeeklyLeg]] = defaultdict(list)
    for leg in new:
        others = [*ours[_number(leg)], *planned[_number(leg)]]
        clash = next((other for other in others if _overlap(leg, other)), None)
        if clash is not None:
            detail = f"{leg.flight_number} has a schedule from {clash.valid_from} to {clash.valid_to} already"
            problems.append(SsimProblem(lines[leg.key], LEG["valid_from"], detail))
        planned[_number(leg)].append(leg)
    del problems[ssim_reader.MOST_PROBLEMS :]
    return known, new


async def _ours(
    session: AsyncSession, wanted: Sequence[WeeklyLeg]
) -> defaultdict[tuple[Any, ...], list[WeeklyLeg]]:
    found: defaultdict[tuple[Any, ...], list[WeeklyLeg]] = defaultdict(list)
    for airline in sorted({leg.airline for leg in wanted}):
        first = min(leg.valid_from for leg in wanted)
        last = max(leg.valid_to for leg in wanted)
        rows = await store.list_schedules_of(session, airline, first, last, MOST_SCHEDULES)
        for leg in canonical(_leg(row) for row in rows):
            found[_number(leg)].append(leg)
    return found


def _number(leg: WeeklyLeg) -> tuple[Any, ...]:
    """What may have one schedule at a time."""
    return leg.airline, leg.flight_number, leg.origin, leg.destination, leg.weekday


def _overlap(one: WeeklyLeg, other: WeeklyLeg) -> bool:
    return one.valid_from <= other.valid_to and other.valid_from <= one.valid_to


def _leg(row: Schedule, first: date = date.min, last: date = date.max) -> WeeklyLeg:
    """A schedule, or what of it lies between two days."""
    return WeeklyLeg(
        airline=row.airline,
        flight_number=row.flight_number,
        origin=row.origin,
        destination=row.destination,
        departs_local=row.departs_local,
        arrives_local=row.arrives_local,
        arrives_day_offset=row.arrives_day_offset,
        aircraft_type=row.aircraft_type,
        weekday=row.weekday,
        valid_from=max(row.valid_from, first),
        valid_to=min(row.valid_to, last),
    )


def _with_aircraft(leg: WeeklyLeg, aircraft_type: str) -> WeeklyLeg:
    return WeeklyLeg(
        **{name: getattr(leg, name) for name in leg.__slots__} | {"aircraft_type": aircraft_type}
    )


def _ends(leg: WeeklyLeg) -> Iterable[str]:
    return leg.origin, leg.destination


def _row(leg: WeeklyLeg) -> dict[str, Any]:
    values = {name: getattr(leg, name) for name in leg.__slots__}
    return values | {"id": uuid7(), "simulated": current().is_simulated}

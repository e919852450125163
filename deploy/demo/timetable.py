"""Legs of a day: the real departures, their mirrored returns and the international rotations."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from app.flights.local_time import LocalMoment, local_moment, resolve_arrival, resolve_local, zone_of
from deploy.demo.aircraft import Fleet
from deploy.demo.local_time import source_day
from deploy.demo.rotations import ROTATIONS, Rotation
from deploy.demo.source import Airport, Source, SourceFlight

ONE_DAY = timedelta(days=1)

# A return leaves this long after its outbound was due to arrive; a late arrival uses up the slack first.
TURNAROUND = timedelta(minutes=60)
TURNAROUND_SLACK_MINUTES = 20
RETURN_SUFFIX = "R"
FIRST_MORNING_DEPARTURE = time(6, 0)

# An outbound may arrive and turn round up to two local days after it left.
DAYS_BEFORE_WITH_RETURNS = 2

# The source says that a flight was cancelled, not when; passengers hear of it about two hours before.
CANCELLATION_NOTICE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What really happened to a leg, and when that was known."""

    kind: str
    departure_delay: int | None
    arrival_delay: int | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Leg:
    """One dated departure."""

    airline: str
    flight_number: str
    origin: str
    destination: str
    departs: LocalMoment
    departs_zone: str
    arrives: LocalMoment
    arrives_zone: str
    aircraft_type: str
    tail_number: str | None
    distance_km: int
    simulated: bool
    outcome: Outcome | None

    @property
    def departure_date(self) -> date:
        return self.departs.local.date()

    @property
    def key(self) -> tuple[str, str, str, str, datetime]:
        return self.airline, self.flight_number, self.origin, self.destination, self.departs.local


class Timetable:
    """The legs of any day, made from 2013 and the rules in this module."""

    def __init__(self, source: Source, airports: dict[str, Airport], fleet: Fleet) -> None:
        self.source = source
        self.airports = airports
        self.fleet = fleet

    def days(self, first: date, last: date) -> Iterator[tuple[date, list[Leg]]]:
        """(day, its legs by time of departure) for every local day of departure, both ends included."""
        waiting: dict[date, list[Leg]] = {}
        day = first - DAYS_BEFORE_WITH_RETURNS * ONE_DAY
        while day <= last:
            outbound = [*self._real(day), *self._abroad(day)]
            for leg in (*outbound, *map(self._mirrored, outbound)):
                if leg is not None:
                    waiting.setdefault(leg.departure_date, []).append(leg)
            legs = waiting.pop(day, [])
            if day >= first:
                yield day, sorted({leg.key: leg for leg in legs}.values(), key=_by_departure)
            day += ONE_DAY

    def distance_km(self, origin: str, destination: str) -> int:
        """Great-circle distance on the WGS-84 ellipsoid."""
        a, b = sorted((self.airports[origin], self.airports[destination]), key=lambda airport: airport.code)
        return _geodesic_km((a.latitude, a.longitude), (b.latitude, b.longitude))

    def _real(self, day: date) -> Iterator[Leg]:
        for flight in self.source.flights[source_day(day)]:
            yield self._leg(
                day, flight.airline, flight.number, flight.origin, flight.destination,
                flight.departs, flight.arrives,
                self.fleet.type_of(flight.airline, flight.tail_number), flight,
            )  # fmt: skip

    def _abroad(self, day: date) -> Iterator[Leg]:
        for rotation in ROTATIONS:
            if day.isoweekday() in rotation.weekdays:
                yield self._rotation_leg(day, rotation, back=False)
                yield self._rotation_leg(day, rotation, back=True)

    def _rotation_leg(self, day: date, rotation: Rotation, *, back: bool) -> Leg:
        ends = (rotation.origin, rotation.destination)
        number = rotation.number_back if back else rotation.number_out
        departs, arrives = (
            (rotation.back_departs, rotation.back_arrives)
            if back
            else (rotation.out_departs, rotation.out_arrives)
        )
        origin, destination = reversed(ends) if back else ends
        return self._leg(
            day,
            rotation.airline,
            number,
            origin,
            destination,
            time.fromisoformat(departs),
            time.fromisoformat(arrives),
            rotation.aircraft_type,
            None,
        )

    def _leg(
        self, day: date, airline: str, number: str, origin: str, destination: str,
        departs_local: time, arrives_local: time, aircraft_type: str, flight: SourceFlight | None,
    ) -> Leg:  # fmt: skip
        departs_zone, arrives_zone = self.airports[origin].zone, self.airports[destination].zone
        distance = self.distance_km(origin, destination)
        departs = resolve_local(day, departs_local, zone_of(departs_zone))
        arrives = resolve_arrival(departs.instant, arrives_local, zone_of(arrives_zone), distance)
        return Leg(
            airline, number, origin, destination, departs, departs_zone, arrives, arrives_zone, aircraft_type,
            flight.tail_number if flight else None, distance, flight is None,
            _outcome(flight, departs, arrives),
        )  # fmt: skip

    def _mirrored(self, outbound: Leg) -> Leg | None:
        """The way back of a real departure: the same aircraft, an hour on the ground, as long in the air."""
        if outbound.simulated:
            return None
        home, away = zone_of(outbound.departs_zone), zone_of(outbound.arrives_zone)
        departs = local_moment(outbound.arrives.instant + TURNAROUND, away)
        if departs.local.time() < FIRST_MORNING_DEPARTURE:
            departs = resolve_local(departs.local.date(), FIRST_MORNING_DEPARTURE, away)
        arrives = local_moment(departs.instant + (outbound.arrives.instant - outbound.departs.instant), home)
        return Leg(
            outbound.airline, outbound.flight_number + RETURN_SUFFIX, outbound.destination, outbound.origin,
            departs, outbound.arrives_zone, arrives, outbound.departs_zone,
            outbound.aircraft_type, outbound.tail_number, outbound.distance_km, True,
            _outcome_of_return(outbound, departs, arrives),
        )  # fmt: skip


def _outcome(flight: SourceFlight | None, departs: LocalMoment, arrives: LocalMoment) -> Outcome | None:
    """Known once it is over: on landing; for a cancelled leg, some notice before it would have left."""
    if flight is None:
        return None
    if flight.departure_delay is None:
        return Outcome("cancelled", None, None, departs.instant - CANCELLATION_NOTICE)
    if flight.arrival_delay is None:
        late = timedelta(minutes=max(0, flight.departure_delay))
        return Outcome("diverted", flight.departure_delay, None, arrives.instant + late)
    landed = arrives.instant + timedelta(minutes=flight.arrival_delay)
    left = departs.instant + timedelta(minutes=flight.departure_delay)
    return Outcome("flown", flight.departure_delay, flight.arrival_delay, max(landed, left))


def _outcome_of_return(outbound: Leg, departs: LocalMoment, arrives: LocalMoment) -> Outcome | None:
    """A return shares the fate of its aircraft: no outbound, no return; a late one leaves late."""
    came = outbound.outcome
    if came is None:
        return None
    if came.kind != "flown" or came.arrival_delay is None:
        return Outcome("cancelled", None, None, departs.instant - CANCELLATION_NOTICE)
    ground = departs.instant - outbound.arrives.instant - TURNAROUND
    spare = TURNAROUND_SLACK_MINUTES + int(ground.total_seconds() // 60)
    delay = max(0, came.arrival_delay - spare)
    return Outcome("flown", delay, delay, arrives.instant + timedelta(minutes=delay))


def _by_departure(leg: Leg) -> tuple[datetime, str, str, str, str]:
    return leg.departs.instant, leg.airline, leg.flight_number, leg.origin, leg.destination


@lru_cache(maxsize=1024)
def _geodesic_km(a: tuple[float, float], b: tuple[float, float]) -> int:
    from geographiclib.geodesic import Geodesic

    metres: float = Geodesic.WGS84.Inverse(*a, *b, outmask=Geodesic.DISTANCE)["s12"]
    return max(1, round(metres / 1000))

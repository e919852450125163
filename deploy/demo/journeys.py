"""What travellers will do and when: a discrete-event simulation in virtual time, before anything is sent."""

import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import simpy

from deploy.demo.people import Kind, Traveller, draw_lead_days, draw_party

# Demand whose purchase falls outside of the days played is drawn again: what is played is the part of the
# published curve that lies inside. A departure this often outside has no purchase left to play.
MOST_DRAWS = 60

SALE_CLOSES = timedelta(minutes=75)
MOST_LOOKS = 3
SECOND_LOOK = 0.45
LOOKS_ONLY = 0.08
LEFT_TO_EXPIRE = 0.05
DECLINED_FIRST = 0.06
BUSINESS_CABIN = {Kind.BUSINESS: 0.25, Kind.LEISURE: 0.02, Kind.VISITING: 0.02, Kind.GROUP: 0.0}

# Up to a fifth of the bookings is cancelled, the more the earlier they were made.
CANCELLED_AT_ONCE, CANCELLED_AT_MOST, CANCELLATION_LEAD_DAYS = 0.08, 0.20, 45


@dataclass(frozen=True, slots=True)
class Departure:
    """A departure that people want to be on."""

    flight_id: str
    origin: str
    destination: str
    day: str
    departs_at: datetime
    seats: int
    has_business: bool


@dataclass(frozen=True, slots=True)
class Payment:
    at: datetime
    card_token: str


@dataclass(frozen=True, slots=True)
class Journey:
    """One traveller's way to a booking and perhaps back out of it; every moment is planned."""

    number: int
    traveller: Traveller
    departure: Departure
    cabin: str
    surnames: tuple[str, ...]
    looks: tuple[datetime, ...]
    books_at: datetime | None
    payments: tuple[Payment, ...]
    cancels_at: datetime | None
    label: str = "ordinary"

    @property
    def begins_at(self) -> datetime:
        return self.looks[0]


@dataclass(frozen=True, slots=True)
class Demand:
    """How much is wanted, when it may be asked for, and by whom."""

    departures: Sequence[Departure]
    travellers: Sequence[Traveller]
    bookings: int
    first: datetime
    last: datetime


def plan_journeys(demand: Demand, rng: random.Random) -> list[Journey]:
    """Every journey by its beginning: the same demand and generator, the same journeys."""
    environment = simpy.Environment()
    busy = {traveller.number: simpy.Resource(environment) for traveller in demand.travellers}
    planned: list[Journey] = []
    for number, (begins_at, traveller, departure) in enumerate(_purchases(demand, rng), start=1):
        script = _Script(number, traveller, departure, random.Random(rng.getrandbits(64)), demand)
        environment.process(script.play(environment, busy[traveller.number], begins_at, planned))
    environment.run()
    return sorted(planned, key=lambda journey: (journey.begins_at, journey.number))


def _purchases(demand: Demand, rng: random.Random) -> Iterator[tuple[datetime, Traveller, Departure]]:
    """(moment, who, which departure), in order of time so that people are busy in turn."""
    weights = [departure.seats for departure in demand.departures]
    wanted = rng.choices(demand.departures, weights, k=demand.bookings)
    purchases = []
    for departure in wanted:
        traveller = rng.choice(demand.travellers)
        moment = _purchase_moment(departure, traveller.kind, demand, rng)
        if moment is not None:
            purchases.append((moment, traveller, departure))
    yield from sorted(purchases, key=lambda purchase: (purchase[0], purchase[1].number))


def _purchase_moment(departure: Departure, kind: Kind, demand: Demand, rng: random.Random) -> datetime | None:
    latest = min(demand.last, departure.departs_at - SALE_CLOSES)
    for _ in range(MOST_DRAWS):
        moment = departure.departs_at - timedelta(days=draw_lead_days(kind, rng))
        if demand.first <= moment <= latest:
            return moment
    return None


class _Script:
    """One process of the simulation: a person looks, thinks, books, pays, and may change their mind."""

    def __init__(
        self, number: int, traveller: Traveller, departure: Departure, rng: random.Random, demand: Demand
    ) -> None:
        self._number, self._traveller, self._departure = number, traveller, departure
        self._rng, self._demand = rng, demand

    def play(
        self,
        environment: simpy.Environment,
        busy: simpy.Resource,
        begins_at: datetime,
        planned: list[Journey],
    ) -> Generator[Any, Any, None]:
        origin = self._demand.first
        yield environment.timeout((begins_at - origin).total_seconds())
        with busy.request() as turn:
            yield turn
            looks = []
            for _ in range(self._looks()):
                looks.append(origin + timedelta(seconds=environment.now))
                yield environment.timeout(self._rng.uniform(30, 240))
            if self._rng.random() < LOOKS_ONLY:
                planned.append(self._journey(tuple(looks), None, ()))
                return
            books_at = origin + timedelta(seconds=environment.now)
            payments = []
            for token in self._card_tokens():
                yield environment.timeout(self._rng.uniform(40, 200))
                payments.append(Payment(origin + timedelta(seconds=environment.now), token))
            planned.append(self._journey(tuple(looks), books_at, tuple(payments)))

    def _looks(self) -> int:
        looks = 1
        while looks < MOST_LOOKS and self._rng.random() < SECOND_LOOK:
            looks += 1
        return looks

    def _card_tokens(self) -> list[str]:
        chance = self._rng.random()
        if chance < LEFT_TO_EXPIRE:
            return []
        paid = self._traveller.card_token("ok")
        if chance < LEFT_TO_EXPIRE + DECLINED_FIRST:
            refusal = self._rng.choice(("declined", "insufficient", "cvv"))
            return [self._traveller.card_token(refusal), paid]
        return [paid]

    def _journey(
        self, looks: tuple[datetime, ...], books_at: datetime | None, payments: tuple[Payment, ...]
    ) -> Journey:
        kind = self._traveller.kind
        business = self._departure.has_business and self._rng.random() < BUSINESS_CABIN[kind]
        return Journey(
            number=self._number,
            traveller=self._traveller,
            departure=self._departure,
            cabin="business" if business else "economy",
            surnames=(self._traveller.family_name,) * draw_party(kind, self._rng),
            looks=looks,
            books_at=books_at,
            payments=payments,
            cancels_at=self._cancellation(payments) if payments else None,
        )

    def _cancellation(self, payments: tuple[Payment, ...]) -> datetime | None:
        paid_at = payments[-1].at
        left = self._departure.departs_at - SALE_CLOSES - paid_at
        earliness = min(1.0, left / timedelta(days=CANCELLATION_LEAD_DAYS))
        share = CANCELLED_AT_ONCE + (CANCELLED_AT_MOST - CANCELLED_AT_ONCE) * earliness
        if left <= timedelta(hours=2) or self._rng.random() >= share:
            return None
        moment = paid_at + left * self._rng.random()
        return moment if moment <= self._demand.last else None

"""Playing journeys through the public API: history in virtual time, then the present as it passes."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from deploy.demo.api import Answer, Api, Json
from deploy.demo.journeys import Journey
from deploy.demo.people import Traveller
from deploy.demo.progress import Progress

# Two API processes on two cores: more at a time only makes each wait longer.
AT_ONCE = 8

# Refusals that ordinary life brings: the seats are gone, the fare is gone, the flight has closed.
ORDINARY_REFUSALS = frozenset({404, 409, 410})

ONE_DAY = timedelta(days=1)


@dataclass
class Tally:
    """What the travellers of a run met."""

    run: int
    counts: Counter[str] = field(default_factory=Counter)
    booking_ids: dict[str, list[str]] = field(default_factory=dict)

    def keep(self, journey: Journey, booking_id: str) -> None:
        self.booking_ids.setdefault(journey.label, []).append(booking_id)


@dataclass(frozen=True, slots=True)
class Booked:
    """A journey that became a booking, as far as it got."""

    booking_id: str
    paid: bool


class Player:
    """Plays journeys of one run. `None` as a moment means now, by the wall clock."""

    def __init__(self, api: Api, run: int) -> None:
        self.api = api
        self.tally = Tally(run)
        self._registered: dict[str, asyncio.Task[None]] = {}
        self._booked: dict[int, asyncio.Task[Booked | None]] = {}

    async def register(self, travellers: Sequence[Traveller], now: datetime | None, bar: Progress) -> None:
        """Make everyone's account, a few at a time."""

        async def one(traveller: Traveller) -> None:
            await self._known(traveller, now)
            bar.advance(1)

        await _few_at_a_time([partial(one, traveller) for traveller in travellers])

    async def play_history(
        self, journeys: Sequence[Journey], first: datetime, last: datetime, bar: Progress
    ) -> None:
        """Play every step planned before `last` in virtual time, a day at a time, then return to the present.

        Between days the test clock lets flights meet their outcomes and dead holds go.
        """
        since = first
        while since < last:
            until = min(since + ONE_DAY, last)
            await self._play_day(journeys, since, until, bar)
            advanced = await self.api.advance_clock(until)
            self.tally.counts["outcomes applied"] += int(advanced["outcomes_applied"])
            self.tally.counts["holds expired"] += int(advanced["holds_expired"])
            since = until
        await self.api.return_to_the_wall_clock()

    async def play_now(self, journeys: Sequence[Journey], first: datetime, bar: Progress) -> None:
        """Begin each journey as long after this call as it was planned after `first`, ready or not."""
        started = time.monotonic()

        async def one(journey: Journey) -> None:
            await asyncio.sleep(
                max(0.0, (journey.begins_at - first).total_seconds() - (time.monotonic() - started))
            )
            await self._known(journey.traveller, None)
            booked = await self._book(journey, virtual=False)
            if booked and booked.paid and journey.cancels_at:
                await self._cancel(journey, booked, None)
            bar.advance(1)

        await _together([partial(one, journey) for journey in journeys])

    async def _play_day(
        self, journeys: Sequence[Journey], first: datetime, until: datetime, bar: Progress
    ) -> None:
        steps: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = []
        for journey in journeys:
            if first <= journey.begins_at < until:
                steps.append((journey.begins_at, journey.number, partial(self._begin, journey, bar)))
            if journey.cancels_at and first <= journey.cancels_at < until:
                steps.append((journey.cancels_at, journey.number, partial(self._call_off, journey)))
        await _few_at_a_time([step for *_, step in sorted(steps, key=lambda step: step[:2])])

    async def _begin(self, journey: Journey, bar: Progress) -> None:
        task = asyncio.create_task(self._first_known_then_book(journey))
        self._booked[journey.number] = task
        await task
        bar.advance(1, journey.begins_at.date().isoformat())

    async def _first_known_then_book(self, journey: Journey) -> Booked | None:
        await self._known(journey.traveller, journey.begins_at)
        return await self._book(journey, virtual=True)

    async def _call_off(self, journey: Journey) -> None:
        booked = await self._booked[journey.number]
        if booked and booked.paid:
            await self._cancel(journey, booked, journey.cancels_at)

    async def _known(self, traveller: Traveller, now: datetime | None) -> None:
        """Register a traveller once, whoever asks first."""
        task = self._registered.get(traveller.email)
        if task is None:
            task = asyncio.create_task(self.api.register(traveller, now))
            self._registered[traveller.email] = task
        await task

    async def _book(self, journey: Journey, *, virtual: bool) -> Booked | None:
        """Look, book and pay as planned; None when no booking came of it."""
        offer_id = None
        for look in journey.looks:
            offer_id = await self._look(journey, look if virtual else None)
        if journey.books_at is None:
            self.tally.counts["looked only"] += 1
            return None
        if offer_id is None:
            self.tally.counts["found nothing"] += 1
            return None
        answer = await self.api.book(
            journey.traveller, journey.books_at if virtual else None, offer_id, journey.surnames,
            self._key(journey, "book"),
        )  # fmt: skip
        if self._refused(answer, "booking refused"):
            return None
        booking_id = str(answer.expect(201)["id"])
        self.tally.keep(journey, booking_id)
        self.tally.counts["booked"] += 1
        return Booked(booking_id, await self._pay(journey, booking_id, virtual=virtual))

    async def _look(self, journey: Journey, now: datetime | None) -> str | None:
        """One search; the cheapest offer on the wanted departure, if there is any."""
        departure = journey.departure
        answer = await self.api.search(
            journey.traveller, now, origin=departure.origin, destination=departure.destination,
            day=departure.day, cabin=journey.cabin, adults=len(journey.surnames),
        )  # fmt: skip
        self.tally.counts["looks"] += 1
        offers = [
            offer
            for offer in answer.expect(200, 201)["offers"]
            if _flights_of(offer) == {departure.flight_id}
        ]
        cheapest = min(offers, key=lambda offer: int(offer["total"]["amount_minor"]), default=None)
        return None if cheapest is None else str(cheapest["id"])

    async def _pay(self, journey: Journey, booking_id: str, *, virtual: bool) -> bool:
        if not journey.payments:
            self.tally.counts["left to expire"] += 1
        for number, payment in enumerate(journey.payments):
            now = payment.at if virtual else None
            key = self._key(journey, f"pay{number}")
            answer = await self.api.pay(journey.traveller, now, booking_id, payment.card_token, key)
            if self._refused(answer, "payment refused"):
                return False
            if answer.expect(201, 202)["status"] == "captured":
                self.tally.counts["paid"] += 1
                return True
            self.tally.counts["declined"] += 1
        return False

    async def _cancel(self, journey: Journey, booked: Booked, now: datetime | None) -> None:
        quote = await self.api.quote_cancellation(
            journey.traveller, now, booked.booking_id, self._key(journey, "quote")
        )
        if self._refused(quote, "cancellation refused"):
            return
        confirmed = await self.api.confirm_cancellation(
            journey.traveller, now, str(quote.expect(200, 201)["id"]), self._key(journey, "cancel")
        )
        if not self._refused(confirmed, "cancellation refused"):
            self.tally.counts["cancelled"] += 1

    def _refused(self, answer: Answer, what: str) -> bool:
        if answer.status not in ORDINARY_REFUSALS:
            return False
        self.tally.counts[what] += 1
        return True

    def _key(self, journey: Journey, step: str) -> str:
        return f"run{self.tally.run}-{journey.label}-{journey.number}-{step}"


def _flights_of(offer: Json) -> set[str]:
    return {str(segment["flight_id"]) for part in offer["slices"] for segment in part["segments"]}


async def _few_at_a_time(steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Begin the steps in their order, never more than AT_ONCE under way. The first failure ends all."""
    waiting = list(reversed(steps))

    async def worker() -> None:
        while waiting:
            await waiting.pop()()

    await _together([worker] * AT_ONCE)


async def _together(steps: Sequence[Callable[[], Coroutine[None, None, None]]]) -> None:
    """All at once. The first failure stops the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for step in steps:
                tasks.create_task(step())
    except ExceptionGroup as group:
        raise group.exceptions[0] from group

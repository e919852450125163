"""`contrail simulate` and the playing part of the tour: travellers, look-alikes and an attack."""

import asyncio
import json
import math
import random
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from deploy.demo.api import Api, new_client, simulator_token
from deploy.demo.attack import LABEL, MOST_TRIES, play_attack
from deploy.demo.departures import choose_departures
from deploy.demo.errors import DemoError
from deploy.demo.journeys import Demand, Departure, Journey, plan_journeys
from deploy.demo.people import draw_travellers
from deploy.demo.player import Player
from deploy.demo.present import MOST_BOOKINGS_EACH, plan_lookalikes, plan_present
from deploy.demo.progress import progress
from deploy.demo.runs import RunRecord, begin_run, history_is_played, read_runs, save_run
from deploy.demo.scale import SCALES, Scale
from deploy.demo.stack import core_dsn, gateway_url, stack_settings
from deploy.local.settings import StackSettings

OK, FAILED = 0, 1

# Departures that leave sooner are not booked in the present: their sale might close meanwhile.
PRESENT_FROM = timedelta(hours=3)
ATTACK_FROM = timedelta(days=2)

# The run's number is drawn into everything, so the same seed still means new people in every run.
DEFAULT_SEED = 2013

Say = Callable[[str], None]


@dataclass
class Play:
    """One run under way."""

    settings: StackSettings
    scale: Scale
    record: RunRecord
    player: Player
    say: Say

    def random(self, part: str) -> random.Random:
        """A generator for one part of the run, so that no part's draws depend on another's length."""
        return random.Random(f"{self.record.seed}:{self.record.run}:{part}")

    def save(self) -> None:
        self.record.counts = dict(self.player.tally.counts)
        self.record.bookings = {**self.record.bookings, **self.player.tally.booking_ids}
        save_run(self.settings.home, self.record)


def run(
    *,
    what: str = "travellers",
    seed: int = DEFAULT_SEED,
    scale: str = "tour",
    as_json: bool = False,
) -> int:
    """Play the present of a running stack: "travellers" or "attack". Returns the command's exit code."""
    say: Say = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    try:
        settings = stack_settings()
        record = asyncio.run(_simulate(settings, SCALES[scale], seed, say, attack=what == "attack"))
    except DemoError as error:
        print(f"simulate: {error}", file=sys.stderr)
        return FAILED
    except (FileNotFoundError, psycopg.OperationalError) as error:
        print(f"simulate: no core ({error}); start it with `contrail up`", file=sys.stderr)
        return FAILED
    print(json.dumps(asdict(record)) if as_json else _summary(record))
    return OK


async def set_the_clock(settings: StackSettings, scale: Scale) -> None:
    """Before anything of the past is loaded: the chores must not let it happen until history is played."""
    async with new_client(gateway_url(settings)) as client:
        api = Api(client, simulator_token(), scale.most_calls)
        if history_is_played(settings.home):
            await api.return_to_the_wall_clock()
        else:
            await api.begin_history(_first_moment(scale))


async def play_all(settings: StackSettings, scale: Scale, seed: int, say: Say) -> RunRecord:
    """History once, then the present, look-alikes, an attack; what happened is left in the run's record."""
    async with new_client(gateway_url(settings)) as client:
        play = _begin(settings, scale, seed, Api(client, simulator_token(), scale.most_calls), say)
        if not history_is_played(settings.home):
            await _play_history(play)
        await _play_present(play)
        await _play_attack(play)
        say(f"{play.player.api.calls:,} calls: {_counts(play.record)}")
        return play.record


async def _simulate(settings: StackSettings, scale: Scale, seed: int, say: Say, *, attack: bool) -> RunRecord:
    async with new_client(gateway_url(settings)) as client:
        play = _begin(settings, scale, seed, Api(client, simulator_token(), scale.most_calls), say)
        await (_play_attack(play) if attack else _play_present(play))
        return play.record


def _begin(settings: StackSettings, scale: Scale, seed: int, api: Api, say: Say) -> Play:
    record = begin_run(settings.home, seed, scale.name)
    say(f"run {record.run}, seed {seed}; {scale}")
    return Play(settings, scale, record, Player(api, record.run), say)


async def _play_history(play: Play) -> None:
    """Every day from the first loaded one to this moment, in virtual time."""
    now = datetime.now(UTC)
    first = await play.player.api.begin_history(_first_moment(play.scale))
    rng = play.random("history")
    departures = _departures(play, first + timedelta(days=1))
    travellers = draw_travellers(play.scale.travellers, play.record.run, rng)
    demand = Demand(departures, travellers, play.scale.bookings, first, now)
    journeys = plan_journeys(demand, rng)
    _refuse_too_many_calls(play, journeys)
    play.say(
        f"history: {len(journeys):,} journeys of {len(travellers)} travellers on {len(departures)} "
        f"departures, {first:%d %B} to now in virtual time"
    )
    with progress("history", len(journeys), "journeys") as bar:
        await play.player.play_history(journeys, first, now, bar)
    play.record.history = True
    play.save()


async def _play_present(play: Play) -> None:
    """Some tens of seconds of ordinary bookings by the wall clock, then the look-alikes."""
    scale, rng = play.scale, play.random("present")
    departures = _departures(play, datetime.now(UTC) + PRESENT_FROM)
    people = math.ceil(scale.present_seconds * scale.present_per_second / MOST_BOOKINGS_EACH)
    travellers = draw_travellers(people, play.record.run, rng, first=scale.travellers + 1)
    with progress("present: new accounts", len(travellers), "travellers") as bar:
        await play.player.register(travellers, None, bar)
    first = datetime.now(UTC)
    journeys = plan_present(
        departures, travellers, first, scale.present_seconds, scale.present_per_second, rng
    )
    play.record.present_from = first.isoformat()
    play.say(f"present: {len(journeys)} journeys in {scale.present_seconds} s by the wall clock")
    with progress("present", len(journeys), "journeys") as bar:
        await play.player.play_now(journeys, first, bar)
    play.record.present_to = datetime.now(UTC).isoformat()
    lookalikes = plan_lookalikes(departures, datetime.now(UTC), play.record.run, rng)
    with progress("look-alikes", len(lookalikes), "journeys") as bar:
        await play.player.play_now(lookalikes, lookalikes[0].begins_at, bar)
    play.save()


async def _play_attack(play: Play) -> None:
    rng = play.random("attack")
    departures = _departures(play, datetime.now(UTC) + ATTACK_FROM)
    play.say(f"attack: card testing, about one card a second, at most {MOST_TRIES}")
    with progress("attack", MOST_TRIES, "tries") as bar:
        attack = await play_attack(play.player.api, play.record.run, departures, rng, bar)
    play.record.attack = attack.as_json()
    play.record.bookings[LABEL] = attack.bookings
    play.save()


def _departures(play: Play, after: datetime) -> list[Departure]:
    """The seeded departures that leave after a moment: those of the history for as long as there are any."""
    history = next((run for run in read_runs(play.settings.home) if run.history), play.record)
    first = _first_moment(play.scale)
    chosen = choose_departures(
        core_dsn(play.settings, "app_ro"),
        first,
        first + timedelta(days=play.scale.days_back + play.scale.days_ahead),
        play.scale.departures,
        random.Random(f"{history.seed}:departures"),
    )
    later = [departure for departure in chosen if departure.departs_at > after]
    if not later:
        raise DemoError("no departure is loaded for the days to play; run `contrail load-schedule` first")
    return later


def _first_moment(scale: Scale) -> datetime:
    now = datetime.now(UTC)
    return datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=scale.days_back)


def _refuse_too_many_calls(play: Play, journeys: list[Journey]) -> None:
    """Two calls a traveller, one a look, two a booking, two a cancellation: known before anything is sent."""
    calls = 2 * play.scale.travellers + sum(
        len(journey.looks) + 1 + len(journey.payments) + 2 * (journey.cancels_at is not None)
        for journey in journeys
    )
    if calls > play.scale.most_calls:
        raise DemoError(f"history would take {calls:,} calls; the scale allows {play.scale.most_calls:,}")


def _counts(record: RunRecord) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in sorted(record.counts.items()))


def _summary(record: RunRecord) -> str:
    attack = ", ".join(f"{what} {value}" for what, value in record.attack.items() if what != "bookings")
    return "\n".join(
        line for line in (f"run {record.run}, seed {record.seed}", _counts(record), attack) if line
    )

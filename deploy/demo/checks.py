"""The tour's checks: each is computed when it is called, from what the parts hold at that moment."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from deploy.demo import checks_sql as sql
from deploy.demo.attack import LABEL as ATTACK
from deploy.demo.errors import DemoError
from deploy.demo.runs import RunRecord
from deploy.demo.stack import core_dsn
from deploy.local.settings import PROJECT_ROOT, StackSettings
from pipelines.notifications.requests import NOTIFIED

# The tour shares two cores with everything it starts, so it only tells milliseconds from seconds; what the
# path can do is what the capture bench measures.
MOST_MILLISECONDS = 1_000.0

# Ordinary people trip a rule now and then; more than one in a hundred would be the rules' fault.
MOST_ALERTED_SHARE = 0.01

# Bookings an attacker may make before the first signal: the rules look for the fourth card.
MOST_BOOKINGS_BEFORE_DETECTION = 10

PAGES_LIMIT_SECONDS = 180


@dataclass(frozen=True)
class Check:
    """One line of the table. `figure` is null when it could not be computed; `unit` then says why."""

    name: str
    ok: bool
    figure: float | int | None
    unit: str


@dataclass(frozen=True)
class Ground:
    """What the checks stand on: the stack, the runs so far (the newest last), and what was to be loaded."""

    settings: StackSettings
    runs: Sequence[RunRecord]
    departures_planned: int
    first_day: str
    last_day: str
    began_at: datetime

    @property
    def run(self) -> RunRecord:
        return self.runs[-1]

    def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(core_dsn(self.settings, "app_ro"), autocommit=True) as core:
            return core.execute(query.encode(), parameters).fetchall()

    def number(self, query: str, **parameters: object) -> int:
        return int(self.rows(query, **parameters)[0][0] or 0)

    def bookings_of(self, *labels: str) -> list[UUID]:
        """Keys of the bookings of every run, of these labels or of all."""
        return [
            UUID(hex=booking.partition("_")[2])
            for run in self.runs
            for label, bookings in run.bookings.items()
            if not labels or label in labels
            for booking in bookings
        ]


def departures_loaded(ground: Ground) -> Check:
    figure = ground.number(sql.DEPARTURES, first=ground.first_day, last=ground.last_day)
    return Check("departures_loaded", figure >= ground.departures_planned > 0, figure, "departures")


def bookings_confirmed(ground: Ground) -> Check:
    """Every booking the API acknowledged is there, and at least those it took money for are confirmed."""
    acknowledged = ground.bookings_of()
    found, confirmed = ground.rows(sql.ACKNOWLEDGED, ids=acknowledged)[0]
    paid = sum(run.counts.get("paid", 0) + run.attack.get("charged", 0) for run in ground.runs)
    ok = found == len(acknowledged) and confirmed >= paid > 0
    return Check("bookings_confirmed", ok, confirmed, f"of {len(acknowledged):,} made through the gateway")


def oversold(ground: Ground) -> Check:
    figure = ground.number(sql.OVERSOLD)
    return Check("oversold", figure == 0, figure, "cabins with more rows or counts than authorised")


def sold_rows_equal_counters(ground: Ground) -> Check:
    figure = ground.number(sql.SOLD_DIFFERS)
    return Check("sold_rows_equal_counters", figure == 0, figure, "classes that differ")


def held_rows_equal_counters(ground: Ground) -> Check:
    figure = ground.number(sql.HELD_DIFFERS)
    return Check("held_rows_equal_counters", figure == 0, figure, "classes that differ")


def live_availability_equals_recount(ground: Ground) -> Check:
    figure = ground.number(sql.AVAILABILITY_DIFFERS)
    return Check("live_availability_equals_recount", figure == 0, figure, "cabins that differ")


def commit_to_kafka(ground: Ground) -> Check:
    """From the lake: every change committed in the present phase, by the broker's own time."""
    import duckdb

    first, last = _present(ground)
    files = [str(path) for path in _lake_files(ground.settings.home / "lake", first, last)]
    if not files:
        raise DemoError("nothing of the present phase has landed")
    row = duckdb.execute(sql.KAFKA_LATENCY, [files, first, last]).fetchone()
    assert row is not None
    return _latency("commit_to_kafka_p99_ms", row[0], int(row[1]), "changes")


def commit_to_availability(ground: Ground) -> Check:
    first, _ = _present(ground)
    p99, count = ground.rows(sql.AVAILABILITY_LATENCY, first=first)[0]
    return _latency("commit_to_availability_p99_ms", p99, count, "cabins")


def notifications_delivered(ground: Ground) -> Check:
    """Every event that calls for a mail has exactly one Message-ID at the sink."""
    requests = ground.rows(sql.NOTIFICATIONS, notified=sorted(NOTIFIED))
    without_request = sum(request is None for _, request in requests)
    expected = {f"<{request}@contrail.example>" for _, request in requests if request is not None}
    seen = set(message_ids(ground.settings.home / "mail"))
    missing = len(expected - seen) + without_request
    ok = missing == 0 and expected == seen and len(expected) == len(requests) > 0
    return Check("distinct_message_ids", ok, len(seen), f"for {len(requests):,} events, {missing} missing")


def attack_detected(ground: Ground) -> Check:
    """A card-testing signal names something of this run's attacker."""
    signals = ground.rows(sql.SIGNALS_ON_BOOKINGS, ids=_ids(ground.run.bookings.get(ATTACK, [])))
    ok = any(rule == "CT1" for rule, _ in signals)
    return Check("attack_detected", ok, len(signals), "signals on the attacker")


def attack_bookings_before_detection(ground: Ground) -> Check:
    ids = _ids(ground.run.bookings.get(ATTACK, []))
    first, before = ground.rows(sql.BOOKINGS_BEFORE_SIGNAL, ids=ids)[0]
    ok = first is not None and before <= MOST_BOOKINGS_BEFORE_DETECTION
    refused = ground.run.attack.get("refused_at_attempt")
    unit = f"bookings; first refused at attempt {refused}" if refused else "bookings; no attempt was refused"
    return Check("attack_bookings_before_detection", ok, before, unit)


def false_alerts(ground: Ground) -> Check:
    """Signals on anybody but the attackers of all runs."""
    figure = ground.number(sql.OTHER_SIGNALS, ids=ground.bookings_of(ATTACK))
    travellers = ground.number(sql.ORDINARY_TRAVELLERS, ids=ground.bookings_of(ATTACK))
    ok = figure <= MOST_ALERTED_SHARE * travellers
    return Check("false_alerts", ok, figure, f"signals on {travellers:,} ordinary travellers")


def money_conserved(ground: Ground) -> Check:
    """Captured less refunded equals live items and penalties, per booking past held and currency."""
    unequal, bookings = ground.rows(sql.MONEY_DIFFERS)[0]
    return Check("money_conserved", unequal == 0 < bookings, unequal, f"of {bookings:,} bookings differ")


def journal_sums_to_zero(ground: Ground) -> Check:
    sums = ground.rows(sql.JOURNAL)
    figure = sum(abs(int(total)) for _, total, _ in sums)
    entries = sum(count for *_, count in sums)
    return Check(
        "journal_sums_to_zero", bool(sums) and figure == 0, figure, f"cents over {entries:,} entries"
    )


def warehouse_equals_source(ground: Ground) -> Check:
    """The newest comparison of every captured table, taken in this tour."""
    from pipelines.topics import CAPTURED

    tables = published(ground.settings.home, sql.RECONCILIATION)
    fresh = {name for name, checked_at, *_ in tables if checked_at >= ground.began_at}
    figure = sum(missing + extra + different for *_, missing, extra, different in tables)
    absent = sorted(set(CAPTURED) - {name.removeprefix("app.") for name in fresh})
    unit = f"rows missing, extra or different in {len(fresh)} tables"
    return Check("warehouse_equals_source", figure == 0 and not absent, figure, unit)


def audit_chain_verifies(ground: Ground) -> Check:
    from pipelines.landing.audit import verify

    report = verify(ground.settings.home / "lake")
    ok = report.ok and report.files > 0
    return Check("audit_chain_verifies", ok, report.files, f"files, {len(report.problems)} problems")


def dashboards_render(ground: Ground) -> Check:
    """Every page under its own program: no exception, and a figure that is not zero."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.bench.pages", "--json"],
        cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        timeout=PAGES_LIMIT_SECONDS, check=False,
    )  # fmt: skip
    if not done.stdout.strip():
        raise DemoError(f"the pages could not be rendered (exit {done.returncode}); see above")
    pages = json.loads(done.stdout)
    good = sum(bool(page["ok"]) for page in pages)
    return Check("dashboards_render", good == len(pages) > 0, good, f"of {len(pages)} pages")


CHECKS: tuple[Callable[[Ground], Check], ...] = (
    departures_loaded,
    bookings_confirmed,
    oversold,
    sold_rows_equal_counters,
    held_rows_equal_counters,
    live_availability_equals_recount,
    commit_to_kafka,
    commit_to_availability,
    notifications_delivered,
    attack_detected,
    attack_bookings_before_detection,
    false_alerts,
    money_conserved,
    journal_sums_to_zero,
    warehouse_equals_source,
    audit_chain_verifies,
    dashboards_render,
)


def compute_checks(ground: Ground, say: Callable[[str], None]) -> list[Check]:
    """All of them, in order. One that has nothing to compute from fails with its reason."""
    found = []
    for check in CHECKS:
        say(f"check {check.__name__}")
        try:
            found.append(check(ground))
        except DemoError as error:
            found.append(Check(check.__name__, False, None, str(error)))
    return found


def message_ids(mail: Path) -> list[str]:
    """The Message-ID of every mail the sink accepted, repeats included."""
    parser = BytesHeaderParser()
    found = []
    for path in sorted(path for folder in ("new", "cur") for path in (mail / folder).glob("*")):
        with path.open("rb") as message:
            found.append(str(parser.parse(message)["Message-ID"]))
    return found


def published(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the marts as they were last published. Raises DemoError when they never were."""
    import duckdb

    pointer = home / "published" / "current.json"
    if not pointer.exists():
        raise DemoError("nothing is published; the warehouse was not built")
    with duckdb.connect(
        str(pointer.parent / json.loads(pointer.read_text())["path"]), read_only=True
    ) as marts:
        return marts.execute(query).fetchall()


def _lake_files(lake: Path, first: datetime, last: datetime) -> Iterable[Path]:
    from pipelines.landing.manifest import files_of, read

    for chain in files_of(lake):
        for line in read(chain):
            if line.path and line.min_source_ts and line.max_source_ts:
                begins, ends = map(datetime.fromisoformat, (line.min_source_ts, line.max_source_ts))
                if begins <= last and ends >= first:
                    yield lake / line.path


def _present(ground: Ground) -> tuple[datetime, datetime]:
    if not ground.run.present_from or not ground.run.present_to:
        raise DemoError("no present phase was played")
    return datetime.fromisoformat(ground.run.present_from), datetime.fromisoformat(ground.run.present_to)


def _latency(name: str, p99: float | None, count: int, what: str) -> Check:
    if p99 is None:
        return Check(name, False, None, f"no {what} in the present phase")
    return Check(name, p99 <= MOST_MILLISECONDS, round(float(p99), 1), f"ms over {count:,} {what}")


def _ids(bookings: Iterable[str]) -> list[UUID]:
    return [UUID(hex=booking.partition("_")[2]) for booking in bookings]

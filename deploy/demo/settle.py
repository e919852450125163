"""Waiting until what was written has arrived everywhere: Kafka, the flows, the lake, the mail."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from deploy.demo.errors import DemoError
from deploy.demo.progress import Progress, progress
from deploy.demo.stack import core_dsn
from deploy.local.settings import StackSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.config import Settings
    from pipelines.records import Chain

WITHOUT_PROGRESS_SECONDS = 120.0
POLL_SECONDS = 0.5

FLOWS = ("landing", "availability", "fraud", "notifications")

BEHIND_IN_AVAILABILITY = """
    select count(*) from app.cabin_inventories as c
    left join live.availability as a on a.flight_id = c.flight_id and a.cabin = c.cabin
    where a.flight_id is null
"""
UNSENT = """
    select count(*) from live.notification_requests as r
    left join app.notification_deliveries as d on d.request_id = r.request_id
    where d.status is distinct from 'sent'
"""


def wait_for(what: str, left: Callable[[], int], limit: float = WITHOUT_PROGRESS_SECONDS) -> None:
    """Until `left` is 0. Raises DemoError when its answer has not changed for `limit` seconds."""
    last, changed = left(), time.monotonic()
    while last:
        time.sleep(POLL_SECONDS)
        now = left()
        if now != last:
            last, changed = now, time.monotonic()
        elif time.monotonic() - changed > limit:
            raise DemoError(
                f"{what}: still {last:,} to go after {limit:.0f} s without progress; see `contrail status`"
            )


def wait_for_availability(settings: StackSettings) -> None:
    """Until every cabin has come through capture and the availability flow: searches read nothing else."""
    with psycopg.connect(core_dsn(settings, "app_ro"), autocommit=True) as core:
        behind = _count(core, BEHIND_IN_AVAILABILITY)
        with progress("live availability", behind, "cabins") as bar:
            remaining = _shown(lambda: _count(core, BEHIND_IN_AVAILABILITY), bar)
            wait_for("cabins in live availability", remaining)


def settle(settings: StackSettings, say: Callable[[str], None]) -> None:
    """Until everything committed before this call, and all that follows from it, has arrived.

    Deliveries write to the core again, so what they wrote is waited for a second time.
    """
    say("waiting until capture, flows and landing have passed everything committed so far")
    wait_for_the_streams(settings)
    say("waiting until every mail is delivered")
    with psycopg.connect(core_dsn(settings, "app_ro"), autocommit=True) as core:
        wait_for("mails to deliver", lambda: _count(core, UNSENT))
    say("waiting until the deliveries have landed as well")
    wait_for_the_streams(settings)


def wait_for_the_streams(settings: StackSettings) -> None:
    """Until a heartbeat written after this call has landed and every flow has passed today's end offsets.

    The connector reads the log in order: once a later heartbeat is there, everything before it is.
    """
    from pipelines import positions
    from pipelines.config import Settings

    pipelines = Settings()
    with psycopg.connect(core_dsn(settings, "app_ro"), autocommit=True) as core:
        row = core.execute("select clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    wait_for("a heartbeat in the lake", lambda: int(not _heartbeat_landed(pipelines.lake, moment)))
    until = positions.ends(pipelines)
    for flow in FLOWS:
        wait_for(
            f"messages before {flow} is through",
            partial(_messages_behind, pipelines, flow, until),
        )


def _messages_behind(pipelines: "Settings", flow: str, until: "Mapping[Chain, int]") -> int:
    from pipelines import positions

    return sum(item.messages for item in positions.behind(pipelines, flow, until))


def _heartbeat_landed(lake: Path, moment: datetime) -> bool:
    from pipelines.landing.manifest import last_lines
    from pipelines.topics import HEARTBEAT

    return any(
        line.max_source_ts is not None and datetime.fromisoformat(line.max_source_ts) >= moment
        for chain, line in last_lines(lake).items()
        if chain.topic == HEARTBEAT
    )


def _shown(left: Callable[[], int], bar: Progress) -> Callable[[], int]:
    before: list[int] = []

    def measured() -> int:
        now = left()
        if before:
            bar.advance(max(0, before[-1] - now))
        before.append(now)
        return now

    return measured


def _count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])

"""Register the connector, and believe it only when a heartbeat went the whole way to Kafka."""

import json
import sys
import time
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import psycopg
import typer

from connect.heartbeat import HeartbeatReader, KafkaUnreachable, beat
from connect.rest import ConnectClient, ConnectRefused, ConnectUnreachable
from connect.settings import CONNECTOR, CONNECTOR_FILE, Settings, fill

# A first start takes a snapshot before it streams, and a restart after a kill waits out the dead member.
WAIT_LIMIT_SECONDS = 120.0
RETRY_SECONDS = 0.5
SLICE_SECONDS = 1.0

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Change(NamedTuple):
    """One setting whose value differs from what was registered before."""

    setting: str
    before: str | None
    after: str | None


class RegistrationFailed(RuntimeError):
    """The connector does not deliver; the message says what was last seen."""


@app.command(epilog="Example: python -m connect.register --json")
def main(
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
    limit_seconds: Annotated[float, typer.Option(help="How long to wait for the heartbeat.")] = (
        WAIT_LIMIT_SECONDS
    ),
) -> None:
    """PUT the connector, print what changed, and wait until a heartbeat seen in Postgres is in Kafka."""
    settings = Settings.from_environment()
    try:
        changes, seconds = register(settings, limit_seconds)
    except (RegistrationFailed, ConnectRefused) as error:
        print(f"{CONNECTOR} was not registered: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if as_json:
        outcome = {"connector": CONNECTOR, "changes": [c._asdict() for c in changes], "seconds": seconds}
        print(json.dumps(outcome))
        return
    for change in changes:
        print(_line(change))
    print(f"{CONNECTOR} delivers: its heartbeat took {seconds:.1f} s from Postgres to Kafka", file=sys.stderr)


def register(settings: Settings, limit_seconds: float = WAIT_LIMIT_SECONDS) -> tuple[list[Change], float]:
    """Returns the changed settings and how long the first heartbeat took. Raises RegistrationFailed."""
    deadline = time.monotonic() + limit_seconds
    wanted = desired_config(settings)
    with ConnectClient(settings.connect_url) as connect:
        changes = _put(connect, wanted, deadline)
        return changes, _prove(settings, connect, deadline)


def desired_config(settings: Settings) -> dict[str, str]:
    """The connector file with this stack's places filled in; passwords stay references."""
    config: dict[str, str] = json.loads(fill(CONNECTOR_FILE.read_text(), settings.variables()))
    return config


def differences(before: dict[str, str] | None, after: dict[str, str]) -> list[Change]:
    """What a PUT of `after` changes. Connect adds the connector's name by itself."""
    old = {key: value for key, value in (before or {}).items() if key != "name"}
    return [
        Change(key, old.get(key), after.get(key))
        for key in sorted(old.keys() | after.keys())
        if old.get(key) != after.get(key)
    ]


def _put(connect: ConnectClient, wanted: dict[str, str], deadline: float) -> list[Change]:
    while True:
        try:
            changes = differences(connect.config(), wanted)
            if changes:
                connect.put_config(wanted)
            return changes
        except ConnectUnreachable as error:
            if time.monotonic() > deadline:
                raise RegistrationFailed(str(error)) from error
            time.sleep(RETRY_SECONDS)


def _prove(settings: Settings, connect: ConnectClient, deadline: float) -> float:
    """Follow one heartbeat from Postgres to Kafka; the seconds it took."""
    try:
        with HeartbeatReader(settings) as reader:
            started = time.monotonic()
            beat_at = beat(settings)
            while not reader.wait_for(beat_at, SLICE_SECONDS):
                if time.monotonic() > deadline:
                    raise RegistrationFailed(_why(connect, beat_at))
            return time.monotonic() - started
    except (KafkaUnreachable, psycopg.OperationalError) as error:
        raise RegistrationFailed(str(error).strip()) from error


def _why(connect: ConnectClient, beat_at: datetime) -> str:
    """What Connect says of a connector whose heartbeat did not arrive."""
    missing = f"the heartbeat of {beat_at:%H:%M:%S} in Postgres did not arrive in Kafka"
    try:
        status = connect.status()
    except (ConnectUnreachable, ConnectRefused) as error:
        return f"{missing}; {error}"
    return f"{missing}; {describe(status)}"


def describe(status: dict[str, Any] | None) -> str:
    """A connector's state in a few words, with the first line of what a failed task said."""
    if status is None:
        return "the connector is not registered"
    tasks = status["tasks"]
    traces = [str(task["trace"]).splitlines()[0] for task in tasks if task.get("trace")]
    states = ", ".join(task["state"] for task in tasks) or "none"
    return f"connector {status['connector']['state']}, tasks {states}" + "".join(f": {t}" for t in traces)


def _line(change: Change) -> str:
    if change.before is None:
        return f"+ {change.setting} = {change.after}"
    if change.after is None:
        return f"- {change.setting} = {change.before}"
    return f"~ {change.setting}: {change.before} -> {change.after}"


if __name__ == "__main__":
    app()

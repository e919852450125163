"""The journey of app/README.md, as a new user would type it: bash and curl against the running program."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from anyio import to_thread

from tests.app.bookings.travellers import ECONOMY
from tests.app.conftest import Owner
from tests.app.departures import make_departure
from tests.app.pricing.fx.test_service import load_every_rate
from tests.deploy.local_gateway.process import GatewayProcess
from tests.served import ServedProgram

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.skipif(
        not (which("curl") and which("jq")), reason="no curl or no jq here: the journey is typed with both"
    ),
]

README = Path(__file__).parents[2] / "app" / "README.md"
SECTION = "## A journey by curl"
TIME_LIMIT_SECONDS = 180


@pytest.fixture
def program(core_settings: Path, tmp_path: Path) -> Iterator[ServedProgram]:
    gateway = GatewayProcess(tmp_path)
    gateway.start()
    served = ServedProgram(
        "app.main:app", tmp_path / "app.log", {"CONTRAIL_SANDBOX_GATEWAY_PORT": str(gateway.port)}
    )
    served.start()
    yield served
    served.kill()
    gateway.kill()


def fly(owner: Owner, days: int, hour: int, origin: str, destination: str, hours: float) -> None:
    departs_at = (datetime.now(UTC) + timedelta(days=days)).replace(
        hour=hour, minute=0, second=0, microsecond=0
    )
    make_departure(
        owner,
        departs_at=departs_at,
        origin=origin,
        destination=destination,
        flight_time=timedelta(hours=hours),
        cabins={"economy": ECONOMY},
        live_at=datetime.now(UTC),
    )


def steps() -> list[str]:
    """The blocks of commands, in order."""
    section = README.read_text().split(SECTION)[1].split("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", section, flags=re.DOTALL)


def run(program: ServedProgram) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(steps())],
        env=os.environ | {"CONTRAIL_API": program.url},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
    )


def printed(text: str) -> list[Any]:
    """The JSON documents among what was printed."""
    decoder, place, found = json.JSONDecoder(), 0, []
    for start in re.finditer(r"^[{\[]", text, flags=re.MULTILINE):
        if start.start() >= place:
            document, place = decoder.raw_decode(text, start.start())
            found.append(document)
    return found


async def test_a_new_user_follows_the_readme_to_its_end(owner: Owner, program: ServedProgram) -> None:
    await load_every_rate()
    fly(owner, 40, 14, "JFK", "ORD", 2.5)
    fly(owner, 40, 18, "ORD", "SFO", 4.5)
    fly(owner, 47, 18, "SFO", "JFK", 5.5)
    fly(owner, 48, 18, "SFO", "JFK", 5.5)

    done = await to_thread.run_sync(run, program)

    assert done.returncode == 0, done.stdout + done.stderr
    offer, held, seats, payment, paid, bag, change, changed, quote, cancelled, as_it_was = printed(
        done.stdout
    )
    assert offer["stops"] == [1, 0]
    assert offer["total"]["currency"] == "EUR"
    assert (held["status"], held["total"]) == ("held", offer["total"])
    assert len(set(seats)) == 3
    assert payment["status"] == "captured"
    assert payment["amount"]["amount_minor"] > offer["total"]["amount_minor"]
    assert (paid["status"], len(paid["tickets"])) == ("ticketed", 3)
    assert bag["status"] == "captured"
    assert {"fare_difference", "due", "residual"} <= set(change)
    assert changed == {"status": "confirmed"}
    assert quote["refund_amount"]["amount_minor"] > 0
    assert (cancelled["status"], cancelled["refund"]["status"]) == ("confirmed", "done")
    assert as_it_was["status"] == "ticketed"
    assert as_it_was["passengers"] == ["Ada", "Renée", "Io"]
    assert as_it_was["total"] == payment["amount"]
    for event in (
        "BookingCreated",
        "BookingTicketed",
        "BookingChanged",
        "BookingPartCancelled",
        "ExtrasAdded",
    ):
        assert f" {event}\n" in done.stdout, event

"""A crash in the middle of a batch: each request whose answer was lost has one result, found with its key."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx2
import pytest

from deploy.local.postgres import (
    RunningCluster,
    core_environment,
    ensure_roles,
    run_migrations,
    start_cluster,
    stop_cluster,
)
from tests.app.bookings.crowd import assert_nothing_is_oversold
from tests.app.bookings.travellers import Traveller, booking_request, departing, new_traveller, scalar
from tests.app.conftest import Owner
from tests.app.crowds import answered
from tests.app.departures import connect
from tests.databases import HOST, TestDatabase, free_port
from tests.served import ServedProgram

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

BUYERS = 200
TIMEOUT_SECONDS = 60


class Cluster:
    """A core database of its own that may be killed, and comes back with what it had committed."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self._running: RunningCluster = start_cluster(home, "core", self.port)
        ensure_roles(home, "core", HOST, self.port)
        run_migrations(core_environment(home, self.port))

    def owner(self) -> Owner:
        return connect(TestDatabase("core", "contrail", self.home, self.port).conninfo("contrail_owner"))

    def kill_and_start(self) -> None:
        """kill -9 of the server and all its processes, as when the machine loses its power."""
        server = self._running.process
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        for process_id in (server.pid, *map(int, children)):
            os.kill(process_id, signal.SIGKILL)
        server.wait()
        self._running = start_cluster(self.home, "core", self.port)

    def stop(self) -> None:
        stop_cluster(self._running, remove=True)


@pytest.fixture(scope="module")
def cluster(core_settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("killed"))
    # Tokens are made here and read there.
    shutil.copy(core_settings / "secrets" / "jwt_private_key.pem", cluster.home / "secrets")
    yield cluster
    cluster.stop()


@pytest.fixture
def program(cluster: Cluster, tmp_path: Path) -> Iterator[ServedProgram]:
    environment = core_environment(cluster.home, cluster.port)
    program = ServedProgram("app.main:app", tmp_path / "app.log", environment)
    yield program
    program.kill()


@pytest.fixture
async def caller(program: ServedProgram) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=BUYERS)
    async with httpx2.AsyncClient(base_url=program.url, limits=limits, timeout=TIMEOUT_SECONDS) as caller:
        yield caller


async def book_until_the_crash(buying: Sequence["asyncio.Task[httpx2.Response]"]) -> None:
    """Return once somebody was answered: others are being written then, and some still wait."""
    await asyncio.wait(buying, return_when=asyncio.FIRST_COMPLETED)


async def assert_each_has_exactly_one_result(
    owner: Owner,
    buyers: Sequence[Traveller],
    body: dict[str, object],
    before: Sequence[httpx2.Response | BaseException],
) -> None:
    made = {
        place: answer.json()["id"]
        for place, answer in enumerate(before)
        if isinstance(answer, httpx2.Response) and answer.status_code == 201
    }
    assert 0 < len(made) < BUYERS, "the crash was to come in the middle"

    again = await asyncio.gather(
        *(answered(partial(buyer.post, "/v1/bookings", body, "once")) for buyer in buyers)
    )

    assert [answer.status_code for answer in again] == [201] * BUYERS
    assert all(again[place].json()["id"] == booking_id for place, booking_id in made.items())
    assert all(again[place].headers["idempotent-replayed"] == "true" for place in made)
    user_ids = [buyer.user_id for buyer in buyers]
    count = "select count(*), count(distinct user_id) from app.bookings where user_id = any(%s)"
    assert owner.execute(count, (user_ids,)).fetchone() == (BUYERS, BUYERS)
    assert scalar(owner, "select count(*) from app.idempotency_records where caller = any(%s)",
                  [str(each) for each in user_ids]) == BUYERS  # fmt: skip


@pytest.mark.parametrize("killed", ["api", "postgres"])
async def test_after_a_crash_in_mid_batch_each_key_has_exactly_one_booking(
    cluster: Cluster, program: ServedProgram, caller: httpx2.AsyncClient, killed: str
) -> None:
    with cluster.owner() as owner:
        departure = departing(owner, seats={"Y": BUYERS})
        # The program reads its departures when it starts.
        program.start()
        buyers = [new_traveller(caller, owner) for _ in range(BUYERS)]
        body = booking_request(await buyers[0].offer(departure))
        buying = [asyncio.create_task(buyer.post("/v1/bookings", body, key="once")) for buyer in buyers]
        await book_until_the_crash(buying)

        if killed == "api":
            program.kill()
            program.start()
        else:
            cluster.kill_and_start()
        before = await asyncio.gather(*buying, return_exceptions=True)

    with cluster.owner() as owner:
        await assert_each_has_exactly_one_result(owner, buyers, body, before)
        assert assert_nothing_is_oversold(owner, departure.flight_id) == BUYERS

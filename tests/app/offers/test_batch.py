"""Offer requests are written together, and fail alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from app.core.ids import uuid7
from app.flights.schemas import Cabin
from app.offers.batch import FULL_BATCH_CHARACTERS, MAX_ROWS_PER_BATCH, OfferBatch
from app.offers.errors import SearchBusy
from app.offers.schemas import OfferRequestRow, PackedOffers, PassengerRequest
from app.pricing.schemas import PassengerType
from tests.app.conftest import Owner
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
ODD_TEXT = 'a "quoted", {braced}, [bracketed] and \\ slashed text'


def row(key: UUID | None = None, request_id: str = "req_test") -> OfferRequestRow:
    return OfferRequestRow(
        id=key or uuid7(),
        user_id=None,
        origin="JFK",
        destination="LAX",
        departure_date=NOW.date(),
        cabin=Cabin.ECONOMY,
        passengers=[PassengerRequest(type=PassengerType.ADULT)],
        offers=PackedOffers(slices=[], fares=[], picks=[]),
        availability_as_of=None,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
        request_id=request_id,
        simulated=True,
    )


@pytest.fixture
async def batch() -> AsyncIterator[OfferBatch]:
    running = OfferBatch()
    yield running
    await running.stop()


def transactions_of(owner: Owner, rows: list[OfferRequestRow]) -> list[int]:
    """How many of the rows each transaction wrote."""
    found = owner.execute(
        "select count(*)::int from app.offer_requests where id = any(%s) group by xmin::text",
        ([entry.id for entry in rows],),
    ).fetchall()
    return [int(str(count)) for (count,) in found]


async def test_a_row_is_there_as_it_was_given_once_its_writer_is_answered(
    owner: Owner, batch: OfferBatch
) -> None:
    written = row(request_id=ODD_TEXT)

    await batch.write(written)

    found = owner.execute(
        "select origin, passengers, departure_date, availability_as_of, request_id, simulated "
        "from app.offer_requests where id = %s",
        (written.id,),
    ).fetchone()
    assert found == ("JFK", [{"type": "adult"}], NOW.date(), None, ODD_TEXT, True)


async def test_a_crowd_shares_its_commits(owner: Owner, batch: OfferBatch) -> None:
    rows = [row() for _ in range(200)]

    await asyncio.gather(*(batch.write(entry) for entry in rows))

    written = transactions_of(owner, rows)
    assert sum(written) == len(rows)
    assert max(written) == MAX_ROWS_PER_BATCH
    assert len(written) < len(rows) / 10


async def test_large_rows_make_small_batches(owner: Owner, batch: OfferBatch) -> None:
    rows = [row(request_id="x" * (FULL_BATCH_CHARACTERS // 4)) for _ in range(20)]

    await asyncio.gather(*(batch.write(entry) for entry in rows))

    written = transactions_of(owner, rows)
    assert sum(written) == len(rows)
    assert max(written) == 4


async def test_a_row_the_database_refuses_fails_alone(owner: Owner, batch: OfferBatch) -> None:
    taken = row()
    await batch.write(taken)
    good = [row() for _ in range(10)]
    bad = [row(request_id="no NUL in a \x00 text"), row(taken.id)]

    results = await asyncio.gather(
        *(batch.write(entry) for entry in [*good[:5], *bad, *good[5:]]), return_exceptions=True
    )

    assert [type(result) for result in results[5:7]] == [DataError, IntegrityError]
    assert [result for result in results if result is None] == [None] * len(good)
    assert sum(transactions_of(owner, good)) == len(good)


async def test_past_its_bound_the_queue_refuses_and_says_when_to_come_back(owner: Owner) -> None:
    small = OfferBatch(max_waiting=3)
    rows = [row() for _ in range(10)]

    results = await asyncio.gather(*(small.write(entry) for entry in rows), return_exceptions=True)
    await small.stop()

    refused = [result for result in results if isinstance(result, SearchBusy)]
    assert len(refused) == 7
    assert {refusal.retry_after_seconds for refusal in refused} == {1}
    assert sum(transactions_of(owner, rows)) == 3


async def test_when_the_database_does_not_answer_every_writer_hears_it_and_the_next_is_served(
    owner: Owner, batch: OfferBatch, core_database: TestDatabase
) -> None:
    rows = [row() for _ in range(3)]

    with psycopg.connect(core_database.conninfo("contrail_owner")) as blocker:
        blocker.execute("lock table app.offer_requests in access exclusive mode")
        results = await asyncio.gather(*(batch.write(entry) for entry in rows), return_exceptions=True)

    assert [type(result) for result in results] == [OperationalError] * 3
    last = row()
    await batch.write(last)
    assert transactions_of(owner, [*rows, last]) == [1]


async def test_stopping_writes_what_is_waiting(owner: Owner) -> None:
    stopping = OfferBatch()
    rows = [row() for _ in range(100)]
    writers = [asyncio.ensure_future(stopping.write(entry)) for entry in rows]
    await asyncio.gather(writers[0])

    await stopping.stop()

    assert sum(transactions_of(owner, rows)) == len(rows)

"""Many bookings in one transaction: each answered as if it were alone, once it is committed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from app.bookings import creation_service
from app.bookings.batch import MAX_LOT, BookingBatch
from app.bookings.errors import BookingBusy
from app.bookings.schemas import Answer
from app.core.context import RequestContext
from app.core.db import transaction
from app.core.idempotency import KeyReused
from app.core.ids import uuid7
from app.inventory.errors import SoldOut
from app.offers.errors import OfferExpired
from tests.app.bookings.crowd import Buyer, assert_nothing_is_oversold, new_buyers, transactions_of
from tests.app.bookings.travellers import Traveller, booking_request, counters, departing, scalar
from tests.app.conftest import Owner
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

CROWD = 150


@pytest.fixture
async def batch(application: object) -> AsyncIterator[BookingBatch]:
    running = BookingBatch()
    yield running
    await running.stop()


async def test_a_crowd_shares_its_commits(traveller: Traveller, owner: Owner, batch: BookingBatch) -> None:
    departure = departing(owner, seats={"Y": CROWD})
    buyers = new_buyers(owner, await traveller.offer(departure), CROWD)

    made = await asyncio.gather(*(batch.book(buyer.asks()) for buyer in buyers))

    written = transactions_of(owner, buyers)
    assert len({answer.body.pnr for answer in made}) == CROWD
    assert sum(written) == CROWD
    assert max(written) == MAX_LOT
    assert len(written) < CROWD / 10
    assert assert_nothing_is_oversold(owner, departure.flight_id) == CROWD


async def test_what_is_answered_is_what_is_read_afterwards(traveller: Traveller, owner: Owner) -> None:
    """The answer is made of what was decided, not of what was read back: it must be the same."""
    kinds = ("adult", "child", "infant")
    departure = departing(owner)
    body = booking_request(await traveller.offer(departure, kinds), kinds)

    made = await traveller.post("/v1/bookings", body, key="as read")
    again = await traveller.post("/v1/bookings", body, key="as read")

    assert made.status_code == 201
    assert await traveller.read(made.json()) == made.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_one_bad_booking_fails_alone(traveller: Traveller, owner: Owner, batch: BookingBatch) -> None:
    departure = departing(owner)
    offer = await traveller.offer(departure)
    good, nobody = new_buyers(owner, offer, 10), Buyer(uuid7(), offer)

    answers = await asyncio.gather(
        *(batch.book(buyer.asks()) for buyer in [*good[:5], nobody, *good[5:]]), return_exceptions=True
    )

    assert isinstance(answers[5], IntegrityError)
    assert sum(isinstance(answer, Answer) for answer in answers) == len(good)
    assert sum(transactions_of(owner, good)) == len(good)
    assert assert_nothing_is_oversold(owner, departure.flight_id) == len(good)


async def test_without_the_second_try_one_bad_booking_fails_all(traveller: Traveller, owner: Owner) -> None:
    """The negative control: the same lot, written once."""
    offer = await traveller.offer(departing(owner))
    good, nobody = new_buyers(owner, offer, 5), Buyer(uuid7(), offer)

    with pytest.raises(IntegrityError):
        async with transaction() as session:
            await creation_service.book_all(session, [buyer.asks() for buyer in [*good, nobody]])

    assert transactions_of(owner, good) == []


async def test_what_fits_is_granted_and_the_rest_refused_one_by_one(
    traveller: Traveller, owner: Owner, application: object
) -> None:
    """Two batches are two processes: what one reads as free the other takes meanwhile."""
    seats = 50
    departure = departing(owner, seats={"Y": seats})
    buyers = new_buyers(owner, await traveller.offer(departure), CROWD)
    batches = BookingBatch(), BookingBatch()

    answers = await asyncio.gather(
        *(batches[number % 2].book(buyer.asks()) for number, buyer in enumerate(buyers)),
        return_exceptions=True,
    )
    for batch in batches:
        await batch.stop()

    assert sum(isinstance(answer, Answer) for answer in answers) == seats
    assert sum(isinstance(answer, SoldOut) for answer in answers) == CROWD - seats
    assert assert_nothing_is_oversold(owner, departure.flight_id) == seats


async def test_each_of_a_lot_is_refused_for_a_reason_of_its_own(
    traveller: Traveller, owner: Owner, application: object
) -> None:
    departure, full = departing(owner), departing(owner, seats={"Y": 1})
    taken, offer = await traveller.offer(full), await traveller.offer(departure)
    first, second, third = new_buyers(owner, taken, 3)
    used = first.asks("used")
    lot = [
        used,
        second.asks(),
        Buyer(third.user_id, offer | {"id": f"off_{uuid7().hex}"}).asks(),
        Buyer(third.user_id, offer).asks(),
    ]

    async with transaction() as session:
        outcomes = await creation_service.book_all(session, lot)
    async with transaction() as session:
        (again,) = await creation_service.book_all(session, [used])

    made, sold_out, not_found, last = outcomes
    assert isinstance(made, Answer)
    assert isinstance(sold_out, SoldOut)
    assert [type(each).__name__ for each in (not_found, last)] == ["OfferNotFound", "Answer"]
    assert isinstance(again, Answer)
    assert (again.is_replay, again.body) == (True, made.body)


async def test_the_same_key_twice_in_one_batch_is_one_booking_and_one_answer(
    traveller: Traveller, owner: Owner, batch: BookingBatch
) -> None:
    departure = departing(owner)
    (buyer,) = new_buyers(owner, await traveller.offer(departure), 1)

    first, *others = await asyncio.gather(*(batch.book(buyer.asks("twins")) for _ in range(5)))

    assert not first.is_replay
    assert [other.is_replay for other in others] == [True] * 4
    assert {other.body.id for other in others} == {first.body.id}
    assert counters(owner, departure) == (1, 0)


async def test_one_key_for_two_bodies_in_one_batch_is_refused(
    traveller: Traveller, owner: Owner, batch: BookingBatch
) -> None:
    departure = departing(owner)
    offer = await traveller.offer(departure)
    body = booking_request(offer)

    answers = await asyncio.gather(
        traveller.post("/v1/bookings", body, key="two bodies"),
        traveller.post("/v1/bookings", body | {"hold": "pay_later"}, key="two bodies"),
    )

    assert sorted(answer.status_code for answer in answers) == [201, KeyReused.status]
    assert counters(owner, departure) == (1, 0)


async def test_who_hangs_up_is_booked_and_finds_it_with_the_key(
    traveller: Traveller, owner: Owner, batch: BookingBatch
) -> None:
    departure = departing(owner)
    buyers = new_buyers(owner, await traveller.offer(departure), 6)
    asking = [asyncio.create_task(batch.book(buyer.asks("hung up"))) for buyer in buyers]
    await asyncio.sleep(0)

    asking[2].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    again = await batch.book(buyers[2].asks("hung up"))

    assert isinstance(answers[2], asyncio.CancelledError)
    assert sum(isinstance(answer, Answer) for answer in answers) == 5
    assert again.is_replay
    assert sum(transactions_of(owner, buyers)) == len(buyers)
    assert counters(owner, departure) == (len(buyers), 0)


async def test_past_its_bound_the_queue_refuses_and_says_when_to_come_back(
    traveller: Traveller, owner: Owner, application: object
) -> None:
    small = BookingBatch(max_waiting=3, writers=1)
    buyers = new_buyers(owner, await traveller.offer(departing(owner)), 10)

    answers = await asyncio.gather(*(small.book(buyer.asks()) for buyer in buyers), return_exceptions=True)
    await small.stop()

    refused = [answer for answer in answers if isinstance(answer, BookingBusy)]
    assert len(refused) == 7
    assert {(refusal.status, refusal.retry_after_seconds) for refusal in refused} == {(503, 1)}
    assert sum(transactions_of(owner, buyers)) == 3


async def test_stopping_books_for_all_who_wait(
    traveller: Traveller, owner: Owner, application: object
) -> None:
    stopping = BookingBatch()
    buyers = new_buyers(owner, await traveller.offer(departing(owner, seats={"Y": CROWD})), CROWD)
    asking = [asyncio.create_task(stopping.book(buyer.asks())) for buyer in buyers]
    await asking[0]

    await stopping.stop()

    assert all(asked.done() for asked in asking)
    assert sum(transactions_of(owner, buyers)) == CROWD


async def test_when_the_database_does_not_answer_all_hear_it_and_the_next_is_booked(
    traveller: Traveller, owner: Owner, batch: BookingBatch, core_database: TestDatabase
) -> None:
    buyers = new_buyers(owner, await traveller.offer(departing(owner)), 3)

    with psycopg.connect(core_database.conninfo("contrail_owner")) as blocker:
        blocker.execute("lock table app.passengers in access exclusive mode")
        answers = await asyncio.gather(
            *(batch.book(buyer.asks("away")) for buyer in buyers), return_exceptions=True
        )

    assert [type(answer) for answer in answers] == [OperationalError] * 3
    again = await asyncio.gather(*(batch.book(buyer.asks("away")) for buyer in buyers))
    assert not any(answer.is_replay for answer in again)
    assert sum(transactions_of(owner, buyers)) == 3


async def test_to_whom_it_is_another_time_is_decided_at_that_time(
    traveller: Traveller, owner: Owner, batch: BookingBatch
) -> None:
    """A simulated traveller and one of today may meet in the queue, but not in a transaction."""
    departure = departing(owner)
    buyers = new_buyers(owner, await traveller.offer(departure), 4)
    tomorrow = RequestContext(virtual_now=datetime.now(UTC) + timedelta(days=1), is_simulated=True)
    contexts = [None, tomorrow, None, tomorrow]

    answers = await asyncio.gather(
        *(batch.book(buyer.asks(context=at)) for buyer, at in zip(buyers, contexts, strict=True)),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [Answer, OfferExpired] * 2
    assert scalar(
        owner,
        "select bool_or(simulated) from app.bookings where user_id = any(%s)",
        [buyer.user_id for buyer in buyers],
    ) is False  # fmt: skip

"""The timed chores as one program: `python -m app.jobs`."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import chain_service as audit_chain
from app.audit import service as audit
from app.bookings import purposes
from app.bookings import service as bookings
from app.bookings.assistance import service as assistance
from app.bookings.changes import service as changes
from app.bookings.extras import service as extras
from app.bookings.groups import block_service as groups
from app.bookings.seats import service as seats
from app.checkin import close_out_service as boarding
from app.core import clock, http, idempotency, partitions
from app.core.config import get_settings
from app.core.context import RequestContext, bind
from app.core.db import engine, transaction
from app.core.listen import listen
from app.disruptions import service as disruptions
from app.disruptions.changes import asking_service as asking
from app.disruptions.operations import capacity_service as capacity
from app.flights import service as flights
from app.identity import service as identity
from app.identity.keys.requests import service as api_requests
from app.inventory import service as inventory
from app.notifications.delivery_service import Deliverer
from app.notifications.webhooks import dispatch_service as webhooks
from app.offers import service as offers
from app.payments import credit_service as travel_credit
from app.payments import events_service as gateway_events
from app.pricing.fx import service as fx
from app.privacy import service as privacy
from app.settings import memory as settings_memory
from app.settings import registry
from app.settings import service as settings
from app.waitlist import offering_service as waitlist

# Partitions for this month and three more: a quarter in which nobody need notice that a chore fails.
PARTITION_MONTHS_AHEAD = 3
# Bookings and payments are kept: what else is known of them refers to them, and people are forgotten apart.
MONTHS_KEPT = {
    "search_events": registry.SEARCH_EVENTS_MONTHS,
    "domain_events": registry.DOMAIN_EVENTS_MONTHS,
    "audit_entries": registry.AUDIT_MONTHS,
}
BATCH = 200
# Then the run ends and is counted; what is left waits for the next.
MAX_BATCHES = 100
# Sweeping is never urgent, so one run deletes a bounded lot and leaves the rest to the next.
SWEEP_BATCH = 1_000
# A failing chore is tried again after its interval, then twice that, and so on up to here.
LONGEST_WAIT = timedelta(minutes=5)
# Longer than any statement may take, shorter than a supervisor waits before it kills.
STOP_LIMIT_SECONDS = 8

RUNS = Counter("contrail_chore_runs", "Runs of a chore that ended well", ["chore"])
FAILURES = Counter("contrail_chore_failures", "Runs of a chore that raised", ["chore"])
DONE = Counter("contrail_chore_items", "What a chore has dealt with", ["chore"])
LAST_SUCCESS = Gauge(
    "contrail_chore_last_success_timestamp_seconds", "When a chore last ended well", ["chore"]
)
WITHOUT_PARTITION = Gauge(
    "contrail_rows_without_partition", "Rows found in a table's default partition", ["table"]
)
DURATION = Histogram("contrail_chore_duration_seconds", "How long a run takes", ["chore"])

# Parts that register at import what money may be for and what a cancelled coupon gives up: a chore that
# settles a payment may need any of them.
PARTS = (extras, changes, assistance, seats)

log = structlog.get_logger("contrail.chores")

Work = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Chore:
    """`work` does one bounded lot and says how much it was. `wake` lets it begin before its time."""

    name: str
    every: timedelta
    work: Work
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def chores() -> list[Chore]:
    """Every chore. Those that act on business time wait while history is being played."""
    return [
        Chore("expire_holds", timedelta(seconds=2), _in_business_time(bookings.expire_dead_holds)),
        Chore("apply_outcomes", timedelta(seconds=10), _in_business_time(flights.apply_outcomes)),
        Chore("ask_travellers", timedelta(seconds=2), _in_business_time(asking.look_at_bookings, 10)),
        Chore("lower_capacities", timedelta(seconds=2), _in_business_time(capacity.lower_capacities)),
        Chore("close_boardings", timedelta(minutes=1), _in_business_time(boarding.close_boardings)),
        Chore("settle_groups", timedelta(seconds=10), _unless_history_plays(groups.settle_due)),
        Chore("serve_waitlist", timedelta(seconds=2), _unless_history_plays(waitlist.serve)),
        Chore("resolve_payments", timedelta(seconds=5), lambda: bookings.resolve_stuck_payments(BATCH)),
        Chore("deliver_notifications", timedelta(seconds=2), Deliverer().deliver_due),
        Chore("seal_audit_log", timedelta(seconds=10), _sweep(audit_chain.seal)),
        Chore("dispatch_webhooks", timedelta(seconds=2), webhooks.dispatch_new_events),
        Chore("deliver_webhooks", timedelta(seconds=2), webhooks.deliver_due),
        Chore("sweep_webhook_deliveries", timedelta(hours=1), _sweep(webhooks.sweep_deliveries)),
        Chore("ensure_partitions", timedelta(hours=1), _ensure_partitions),
        Chore("retire_partitions", timedelta(hours=6), _retire_partitions),
        Chore("load_fx_rates", timedelta(hours=6), _load_fx_rates),
        Chore("expire_travel_credits", timedelta(minutes=1), _in_business_time(travel_credit.expire_credits)),
        Chore("sweep_gateway_events", timedelta(hours=1), _sweep(gateway_events.sweep_events)),
        Chore("sweep_offer_requests", timedelta(minutes=1), _sweep(offers.sweep_offer_requests)),
        Chore("sweep_idempotency", timedelta(minutes=1), _sweep(idempotency.sweep)),
        Chore("apply_retention", timedelta(hours=1), _retention),
        Chore("make_seat_layouts", timedelta(hours=1), _sweep(inventory.make_layouts)),
        Chore("sweep_api_requests", timedelta(hours=1), _sweep(api_requests.sweep)),
        Chore("sweep_refresh_tokens", timedelta(hours=1), _sweep(identity.sweep_refresh_tokens)),
    ]


async def run(stop: asyncio.Event, work: list[Chore]) -> None:
    """Run every chore at its times until `stop` is set; what is under way may then end."""
    tasks = [asyncio.create_task(_repeat(chore, stop), name=chore.name) for chore in work]
    await stop.wait()
    for chore in work:
        chore.wake.set()
    _, unfinished = await asyncio.wait(tasks, timeout=STOP_LIMIT_SECONDS)
    for task in unfinished:
        log.warning("chore_cut_short", chore=task.get_name())
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(chore: Chore, stop: asyncio.Event) -> None:
    failures = 0
    while not stop.is_set():
        failures = 0 if await _run_once(chore) else failures + 1
        if failures:
            # Whoever knocks, a failing chore keeps to its back-off; only the end of the program cuts it.
            await _wait(stop, min(chore.every * (1 << min(failures, 10)), max(LONGEST_WAIT, chore.every)))
        else:
            await _wait(chore.wake, chore.every)
        chore.wake.clear()


async def _run_once(chore: Chore) -> bool:
    """Whether the run ended well. A chore that raises must not take the others with it, nor end itself:
    the traceback is logged, the metric counts, and it is tried again later."""
    bind(RequestContext())
    try:
        with DURATION.labels(chore.name).time():
            done = await chore.work()
    except Exception:
        FAILURES.labels(chore.name).inc()
        log.exception("chore_failed", chore=chore.name)
        return False
    RUNS.labels(chore.name).inc()
    LAST_SUCCESS.labels(chore.name).set_to_current_time()
    if done:
        DONE.labels(chore.name).inc(done)
        log.info("chore_done", chore=chore.name, items=done)
    return True


async def _wait(event: asyncio.Event, limit: timedelta) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), limit.total_seconds())


def _in_business_time(batch: Callable[..., Awaitable[int]], size: int = BATCH) -> Work:
    async def work() -> int:
        done = 0
        for _ in range(MAX_BATCHES):
            async with transaction() as session:
                if await disruptions.is_history_playing(session):
                    break
                changed = await batch(session, await clock.now(session), size)
            done += changed
            if changed < size:
                break
        return done

    return work


def _unless_history_plays(serve: Work) -> Work:
    """For what opens its own transactions."""

    async def work() -> int:
        async with transaction() as session:
            if await disruptions.is_history_playing(session):
                return 0
        return await serve()

    return work


async def _retention() -> int:
    """Nothing is forgotten by the wall clock while history is played: to it, all of that is long ago."""
    async with transaction() as session:
        if await disruptions.is_history_playing(session):
            return 0
        return await privacy.apply_rules(session, SWEEP_BATCH)


def _sweep(batch: Callable[[AsyncSession, int], Awaitable[int]]) -> Work:
    async def work() -> int:
        async with transaction() as session:
            return await batch(session, SWEEP_BATCH)

    return work


async def _load_fx_rates() -> int:
    done = 0
    for _ in range(MAX_BATCHES):
        async with transaction() as session:
            written = await fx.load_rates(session)
        done += written
        if written == 0:
            break
    return done


async def _ensure_partitions() -> int:
    """Rows that no month was made for are told before they are moved: that there were any is a fault."""
    async with transaction() as session:
        for table, found in (await partitions.count_without(session)).items():
            WITHOUT_PARTITION.labels(table).set(found)
            if found:
                log.error("rows_without_partition", table=table, rows=found)
    async with transaction() as session:
        return await partitions.make_ahead(session, PARTITION_MONTHS_AHEAD)


async def _retire_partitions() -> int:
    """Each month in a transaction of its own, so that no lock outlives its moment."""
    async with transaction() as session:
        kept = {table: await settings.get(session, months) for table, months in MONTHS_KEPT.items()}
        days = await settings.get(session, registry.RETIRED_DAYS)
    done = 0
    for table, months in kept.items():
        done += await _until_none(partial(partitions.retire, table=table, months_kept=months))
    return done + await _until_none(partial(partitions.drop_retired, days_kept=days))


async def _until_none(step: Callable[[AsyncSession], Awaitable[str | None]]) -> int:
    for done in range(MAX_BATCHES):
        async with transaction() as session:
            if (name := await step(session)) is None:
                return done
        log.info("partition_retired", partition=name)
    return MAX_BATCHES


async def main() -> None:
    http.configure_logging()
    own = get_settings()
    purposes.ensure_all_known()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    work = chores()
    wake = next(chore.wake for chore in work if chore.name == "deliver_notifications")
    async with contextlib.AsyncExitStack() as stack:
        server, thread = start_http_server(own.metrics_port, own.host)
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        listener = asyncio.create_task(listen("notifications", wake))
        stack.push_async_callback(asyncio.wait, [listener])
        stack.callback(listener.cancel)
        await stack.enter_async_context(settings_memory.process.kept_fresh())
        await stack.enter_async_context(audit.note_taking())
        await run(stop, work)
    await engine().dispose()


if __name__ == "__main__":
    asyncio.run(main())

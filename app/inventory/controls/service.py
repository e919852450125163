"""Reading and setting what cabins may sell. Every change has a version, a reason and a line of history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import clock
from app.core.errors import DomainError
from app.core.pages import Page, Window, decode_cursor, encode_cursor, page_of, unknown_place
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import Cabin
from app.inventory import store as counters
from app.inventory.controls import rules, store
from app.inventory.controls.errors import CabinNotFound, ControlsBelowSold
from app.inventory.controls.schemas import (
    BatchResult,
    CabinInventoryView,
    CabinState,
    ClassInventory,
    ControlChange,
    Controls,
    ControlsBatch,
    ControlsUpdate,
    FilteredControls,
    FilteredResult,
    FlightInventory,
    ItemOutcome,
    ItemResult,
    NewControls,
)
from app.inventory.rules import seats_open
from app.inventory.schemas import SeatRequest
from app.settings import service as settings
from app.settings.registry import OVERBOOKING_CEILING

# Cabins of one call of a filter: one lock of so many rows ends well within a statement's time.
FILTER_FLIGHTS = 200

Key = tuple[UUID, str]


@dataclass(frozen=True)
class _Decision:
    """What becomes of one cabin: new controls, or why there are none."""

    cabin: CabinState | None
    outcome: ItemOutcome
    controls: NewControls | None = None
    refusal: DomainError | None = None


async def get_inventory(session: AsyncSession, flight_id: UUID) -> FlightInventory:
    """Raises FlightNotFound."""
    await flights.get_flight(session, flight_id)
    return _shown(flight_id, await store.find_cabins(session, [flight_id]))


async def list_inventory(
    session: AsyncSession,
    origin: str,
    destination: str,
    departs_from: date,
    departs_to: date,
    window: Window,
) -> Page[FlightInventory]:
    """The inventories of a route's flights between two local days. Raises CursorInvalid."""
    flight_ids = await flights.list_flight_ids(
        session,
        origin,
        destination,
        departs_from,
        departs_to,
        None,
        _place(window.place),
        window.limit + 1,
        is_backwards=window.is_backwards,
    )
    found: dict[UUID, list[CabinState]] = {flight_id: [] for flight_id in flight_ids}
    for cabin in await store.find_cabins(session, flight_ids):
        found[cabin.flight_id].append(cabin)
    shown = [_shown(flight_id, cabins) for flight_id, cabins in found.items()]
    return page_of(shown, window, [flight_id.hex for flight_id in flight_ids])


async def lock_inventory_for_update(session: AsyncSession, flight_id: UUID) -> FlightInventory:
    """The same, with its cabins locked until the transaction ends. Raises FlightNotFound."""
    await flights.get_flight(session, flight_id)
    cabins = await store.lock_cabins_for_update(session, [(flight_id, cabin) for cabin in Cabin])
    return _shown(flight_id, list(cabins.values()))


async def set_controls(
    session: AsyncSession, flight_id: UUID, update: ControlsUpdate, caller: Caller
) -> FlightInventory:
    """Set the controls of a flight's cabins, all or none. The cabins must be locked, at the version asked.

    Raises CabinNotFound, ControlsMalformed, OverbookingTooHigh, ControlsBelowSold."""
    now = await clock.now(session)
    asked: dict[Key, Controls] = {(flight_id, each.cabin): each for each in update.cabins}
    decided = await _decide(session, asked, {}, now)
    for key, decision in decided.items():
        if decision.cabin is None:
            raise CabinNotFound(f"there is no {key[1]} on it")
        if decision.refusal is not None:
            raise decision.refusal
    await _write(session, decided, update.reason, caller, now)
    return _shown(flight_id, await store.find_cabins(session, [flight_id]))


async def apply_batch(session: AsyncSession, batch: ControlsBatch, caller: Caller) -> BatchResult:
    """Set the controls of many cabins; one that is stale, unknown or refused holds up no other."""
    now = await clock.now(session)
    asked: dict[Key, Controls] = {(each.flight_id, each.cabin): each for each in batch.items}
    versions: dict[Key, int] = {(each.flight_id, each.cabin): each.version for each in batch.items}
    decided = await _decide(session, asked, versions, now)
    await _write(session, decided, batch.reason, caller, now)
    results = _results(decided, is_written=True)
    return BatchResult(applied=_applied(decided), results=results)


async def apply_filter(session: AsyncSession, asked: FilteredControls, caller: Caller) -> FilteredResult:
    """Set one rule for a cabin of the flights of a route, FILTER_FLIGHTS a call. Raises CursorInvalid."""
    now = await clock.now(session)
    flight_ids = await flights.list_flight_ids(
        session,
        asked.filter.origin,
        asked.filter.destination,
        asked.filter.departs_from,
        asked.filter.departs_to,
        asked.filter.weekdays,
        _place(decode_cursor(asked.after) if asked.after else None),
        FILTER_FLIGHTS + 1,
    )
    page, more = flight_ids[:FILTER_FLIGHTS], len(flight_ids) > FILTER_FLIGHTS
    cabins = [cabin for cabin in await store.find_cabins(session, page) if cabin.cabin == asked.cabin]
    wanted = {(cabin.flight_id, cabin.cabin): _controls_of(cabin, asked) for cabin in cabins}
    decided = await _decide(session, wanted, {}, now) if wanted else {}
    if not asked.dry_run:
        await _write(session, decided, asked.reason, caller, now)
    return FilteredResult(
        applied=_applied(decided),
        results=_results(decided, is_written=not asked.dry_run),
        after=encode_cursor(page[-1].hex) if more else None,
    )


async def list_changes(session: AsyncSession, flight_id: UUID, window: Window) -> Page[ControlChange]:
    """What was changed on a flight, the newest first. Raises FlightNotFound, CursorInvalid."""
    await flights.get_flight(session, flight_id)
    place = _place(window.place)
    rows = await store.list_changes(
        session, flight_id, place, window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([_change(row) for row in rows], window, [row.id.hex for row in rows])


async def fit_capacities_for_update(
    session: AsyncSession, flight_id: UUID, capacities: Mapping[str, int], reason: str, changed_by: str
) -> list[str]:
    """Give a flight's cabins the seats of another aircraft, with the same overbooking and shares but never
    below what is sold and held; the cabins it has no seats for. Locks the cabins."""
    now = await clock.now(session)
    cabins = await store.lock_cabins_for_update(session, [(flight_id, cabin) for cabin in Cabin])
    changes = [
        (cabin, capacities[cabin.cabin], rules.fitted(cabin, capacities[cabin.cabin]))
        for cabin in cabins.values()
        if capacities.get(cabin.cabin)
    ]
    if changes:
        await store.set_controls_and_tell(session, "InventoryUpdated", changes, reason, changed_by, now)
    return [cabin.cabin for cabin in cabins.values() if not capacities.get(cabin.cabin)]


async def _decide(
    session: AsyncSession, asked: Mapping[Key, Controls], versions: Mapping[Key, int], now: datetime
) -> dict[Key, _Decision]:
    """What is to become of each cabin. Locks them. Dead holds stand in nobody's way: where counters are
    too high for the controls asked, they are released and it is decided again."""
    keys = list(asked)
    percent = await settings.get(session, OVERBOOKING_CEILING, at=now)
    most = Decimal(percent) / 100
    cabins = await store.lock_cabins_for_update(session, keys)
    decided = {key: _decide_one(cabins.get(key), asked[key], versions.get(key), most) for key in keys}
    full = [key for key in keys if isinstance(decided[key].refusal, ControlsBelowSold)]
    if full:
        nothing = [SeatRequest(*key, cabins[key].classes[0], 0) for key in full]
        await counters.sell_seats_for_update(session, nothing, now)
        again = await store.lock_cabins_for_update(session, full)
        decided |= {key: _decide_one(again[key], asked[key], versions.get(key), most) for key in full}
    return decided


def _decide_one(cabin: CabinState | None, asked: Controls, version: int | None, most: Decimal) -> _Decision:
    if cabin is None:
        return _Decision(None, ItemOutcome.UNKNOWN)
    if version is not None and cabin.version != version:
        return _Decision(cabin, ItemOutcome.STALE)
    try:
        controls = rules.decide(cabin, asked, most)
    except DomainError as refusal:
        return _Decision(cabin, ItemOutcome.REFUSED, refusal=refusal)
    if (controls.authorised, controls.limits) == (cabin.authorised, cabin.limits):
        return _Decision(cabin, ItemOutcome.UNCHANGED)
    return _Decision(cabin, ItemOutcome.APPLIED, controls)


async def _write(
    session: AsyncSession, decided: Mapping[Key, _Decision], reason: str, caller: Caller, now: datetime
) -> None:
    changes = [
        (each.cabin, each.cabin.capacity, each.controls)
        for each in decided.values()
        if each.cabin is not None and each.controls is not None
    ]
    if not changes:
        return
    await store.set_controls_and_tell(session, "InventoryUpdated", changes, reason, caller.subject, now)
    one = changes[0][0].flight_id if len({cabin.flight_id for cabin, _, _ in changes}) == 1 else None
    await audit.record(
        session,
        "controls.changed",
        "flight",
        one,
        actor=caller,
        before={str(cabin.id): _written(cabin.authorised, cabin.limits) for cabin, _, _ in changes},
        after={str(cabin.id): _written(new.authorised, new.limits) for cabin, _, new in changes},
        reason=reason,
    )


def _written(authorised: int, limits: Sequence[int]) -> dict[str, object]:
    return {"authorised": authorised, "limits": list(limits)}


def _controls_of(cabin: CabinState, asked: FilteredControls) -> Controls:
    factor = asked.overbooking_factor
    authorised = cabin.authorised if factor is None else rules.authorised_for(cabin.capacity, factor)
    if asked.limit_shares is None:
        return Controls(authorised=authorised)
    limits = rules.limits_of_shares(cabin.classes, asked.limit_shares, authorised)
    return Controls(authorised=authorised, limits=limits)


def _applied(decided: Mapping[Key, _Decision]) -> int:
    return sum(each.outcome is ItemOutcome.APPLIED for each in decided.values())


def _results(decided: Mapping[Key, _Decision], *, is_written: bool) -> list[ItemResult]:
    return [
        ItemResult(
            flight_id=flight_id,
            cabin=Cabin(cabin),
            outcome=each.outcome,
            version=each.cabin.version + (is_written and each.controls is not None) if each.cabin else None,
            code=each.refusal.code if each.refusal else None,
            detail=each.refusal.detail if each.refusal else None,
        )
        for (flight_id, cabin), each in decided.items()
    ]


def _place(place: str | None) -> UUID | None:
    try:
        return None if place is None else UUID(hex=place)
    except ValueError:
        raise unknown_place() from None


def _shown(flight_id: UUID, cabins: Sequence[CabinState]) -> FlightInventory:
    return FlightInventory(
        flight_id=flight_id,
        version=sum(cabin.version for cabin in cabins),
        cabins=[
            _cabin(cabin) for cabin in sorted(cabins, key=lambda each: list(Cabin).index(Cabin(each.cabin)))
        ],
    )


def _cabin(cabin: CabinState) -> CabinInventoryView:
    opened = seats_open(cabin.limits, cabin.held, cabin.sold)
    columns = zip(cabin.classes, cabin.limits, cabin.held, cabin.sold, opened, strict=True)
    return CabinInventoryView(
        cabin=Cabin(cabin.cabin),
        capacity=cabin.capacity,
        authorised=cabin.authorised,
        overbooking_factor=round(Decimal(cabin.authorised) / cabin.capacity, 3),
        held=sum(cabin.held),
        sold=sum(cabin.sold),
        classes=[
            ClassInventory(fare_class=name, limit=limit, held=held, sold=sold, open=max(0, left))
            for name, limit, held, sold, left in columns
        ],
        version=cabin.version,
        updated_at=cabin.updated_at,
    )


def _change(row: Row[Any]) -> ControlChange:
    return ControlChange(
        version=row.version,
        cabin=Cabin(row.cabin),
        capacity_before=row.capacity_before,
        capacity_after=row.capacity_after,
        authorised_before=row.authorised_before,
        authorised_after=row.authorised_after,
        limits_before=dict(zip(row.classes, row.limits_before, strict=True)),
        limits_after=dict(zip(row.classes, row.limits_after, strict=True)),
        reason=row.reason,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        request_id=row.request_id,
    )

"""Another aircraft: new cabins, seats by number kept where it has them, and who has to be asked to leave.

What is sold is never taken away at once: a cabin stays authorised for it, sells nothing more, and comes
down to what the aircraft holds with every traveller who leaves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.reaccommodation import service as reaccommodation
from app.core.security import Caller
from app.disruptions.operations import store
from app.disruptions.operations.errors import CabinMissing
from app.inventory import service as inventory
from app.inventory.controls import service as controls
from app.inventory.controls.schemas import CabinControls, CabinInventoryView, ControlsUpdate, FlightInventory

# Who lowers what a smaller aircraft may sell, when nobody in person does.
SYSTEM = Caller("capacity", frozenset())
# After a month every such flight has long left.
SWAPS_SINCE = timedelta(days=31)


async def refit(
    session: AsyncSession,
    caller: Caller,
    flight_id: UUID,
    cabins: Mapping[str, int],
    reason: str,
    now: datetime,
) -> dict[str, Any]:
    """Give a flight the cabins of another aircraft: what it may sell from now on (`targets`), whose bookings
    have to go (`booking_ids`), and how many seats by number moved or were lost.

    Locks seats, then cabins. Raises CabinMissing when seats are sold in a cabin the aircraft lacks."""
    before = await controls.lock_inventory_for_update(session, flight_id)
    targets = {each.cabin.value: _target(each, cabins.get(each.cabin.value, 0)) for each in before.cabins}
    for each in before.cabins:
        if each.cabin.value not in cabins and each.sold + each.held:
            raise CabinMissing(f"{each.sold + each.held} seats are sold or held in {each.cabin}")
    await inventory.fit_capacities_for_update(session, flight_id, cabins, reason, caller.subject)
    await _close_missing(session, caller, flight_id, before, cabins, reason)
    moved = await inventory.reseat_for_update(session, flight_id, now)
    chosen = await _choose(session, flight_id, before, targets)
    return {
        "targets": targets,
        "booking_ids": [str(key) for key in chosen],
        "seats_moved": sum(seat is not None for seat in moved.values()),
        "seats_lost": sum(seat is None for seat in moved.values()),
    }


async def lock_seats_for_update(session: AsyncSession, flight_id: UUID, now: datetime) -> None:
    """Nobody takes a seat by number while cabins change: seats are locked before cabins, here too. To be
    called while the flight still has its old aircraft, on which everybody sits right."""
    await inventory.reseat_for_update(session, flight_id, now)


async def lower(session: AsyncSession, flight_id: UUID, targets: Mapping[str, int]) -> bool:
    """Authorise no more than is sold and held, down to the targets; whether they have been reached.

    Locks the flight's cabins."""
    inventory_now = await controls.lock_inventory_for_update(session, flight_id)
    reached = True
    wanted = []
    for each in inventory_now.cabins:
        target = targets.get(each.cabin.value)
        if target is None or each.authorised <= target:
            continue
        authorised = max(target, each.sold + each.held)
        reached = reached and authorised == target
        if authorised < each.authorised:
            wanted.append(CabinControls(cabin=each.cabin, authorised=authorised))
    if wanted:
        update = ControlsUpdate(cabins=wanted, reason="seats came back on a smaller aircraft")
        await controls.set_controls(session, flight_id, update, SYSTEM)
    return reached


async def lower_capacities(session: AsyncSession, now: datetime, limit: int) -> int:
    """Bring down what flights with a smaller aircraft may still sell, as far as seats have come back; how
    many have reached what their aircraft holds."""
    reached = 0
    for row in await store.list_unsettled_swaps(session, now - SWAPS_SINCE, limit):
        if await lower(session, row.flight_id, row.details["targets"]):
            await store.update_disruption(session, row.id, {"details": row.details | {"is_settled": True}})
            reached += 1
    return reached


def _target(cabin: CabinInventoryView, capacity: int) -> int:
    """The same overbooking as before, rounded down: half a seat cannot be denied to anybody."""
    return capacity * cabin.authorised // cabin.capacity


async def _close_missing(
    session: AsyncSession,
    caller: Caller,
    flight_id: UUID,
    before: FlightInventory,
    cabins: Mapping[str, int],
    reason: str,
) -> None:
    """A cabin the aircraft lacks, and in which nothing was sold, sells nothing."""
    missing = [each.cabin for each in before.cabins if each.cabin.value not in cabins and each.authorised]
    if missing:
        update = ControlsUpdate(
            cabins=[CabinControls(cabin=cabin, authorised=0) for cabin in missing], reason=reason
        )
        await controls.set_controls(session, flight_id, update, caller)


async def _choose(
    session: AsyncSession, flight_id: UUID, before: FlightInventory, targets: Mapping[str, int]
) -> list[UUID]:
    """Whole bookings, by the rule of reaccommodation, until each cabin's tickets fit its target."""
    aboard = await reaccommodation.list_passengers_on(session, flight_id)
    chosen: list[UUID] = []
    for cabin in before.cabins:
        excess = cabin.sold - targets[cabin.cabin.value]
        own = [each for each in aboard if each.cabin == cabin.cabin and each.booking_id not in chosen]
        classes = [each.fare_class for each in cabin.classes]
        chosen.extend(reaccommodation.choose_to_move(own, excess, classes))
    return sorted(chosen)

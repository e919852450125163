"""Cabin inventory rows: reading them, what each fare class can still sell, which change is the last."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from pipelines.envelope import UNREADABLE, Unreadable
from pipelines.records import BadMessage, Change

Int4 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class CabinInventory(msgspec.Struct, frozen=True, gc=False):
    """A row of app.cabin_inventories; the arrays run parallel to `classes`, dearest class first."""

    id: UUID
    flight_id: UUID
    cabin: str
    capacity: Int4
    authorised: Int4
    classes: list[str]
    limits: list[Int4]
    held: list[Int4]
    sold: list[Int4]
    version: Int4


class CabinKey(msgspec.Struct, frozen=True, gc=False):
    """What is certain of a deleted row."""

    id: UUID


class InventoryChange(msgspec.Struct, frozen=True, gc=False):
    """A cabin's new state, or None when the cabin is gone."""

    change: Change
    lsn: int
    cabin_inventory_id: UUID
    inventory: CabinInventory | None


_decode_inventory = msgspec.json.Decoder(CabinInventory).decode
_decode_key = msgspec.json.Decoder(CabinKey).decode


def inventory_change(change: Change | BadMessage) -> InventoryChange | BadMessage:
    """Read the row of a change of cabin_inventories."""
    if isinstance(change, BadMessage):
        return change
    try:
        if change.lsn is None:
            raise Unreadable("the change has no LSN")
        if change.after is None:
            return InventoryChange(change, change.lsn, _decode_key(change.before or "").id, None)
        inventory = _decode_inventory(change.after)
        _check(inventory)
    except Unreadable as error:
        return BadMessage(change.message, str(error))
    except UNREADABLE as error:
        return BadMessage(change.message, f"not a cabin inventory: {error}")
    return InventoryChange(change, change.lsn, inventory.id, inventory)


def _check(inventory: CabinInventory) -> None:
    lengths = {len(inventory.classes), len(inventory.limits), len(inventory.held), len(inventory.sold)}
    if len(lengths) != 1 or lengths == {0}:
        raise Unreadable("classes, limits, held and sold must be of one length, and not empty")


def seats_open(limits: Sequence[int], held: Sequence[int], sold: Sequence[int]) -> list[int]:
    """What each class can still sell: the tightest of the limits above it, itself included.

    Limits are nested: class i may sell what limit i leaves after all sales in i and the classes below it.
    The same rule as the SQL function app.seats_open.
    """
    left = list(limits)
    used = 0
    for i in reversed(range(len(limits))):
        used += held[i] + sold[i]
        left[i] = limits[i] - used
    for i in range(1, len(left)):
        left[i] = min(left[i], left[i - 1])
    return left


def latest(changes: Sequence[InventoryChange]) -> list[InventoryChange]:
    """The change that counts of each cabin: the highest LSN, and of equals the one read last."""
    by_id: dict[UUID, InventoryChange] = {}
    for change in changes:
        known = by_id.get(change.cabin_inventory_id)
        if known is None or change.lsn >= known.lsn:
            by_id[change.cabin_inventory_id] = change
    by_cabin: dict[object, InventoryChange] = {}
    for change in by_id.values():
        inventory = change.inventory
        place = (inventory.flight_id, inventory.cabin) if inventory else change.cabin_inventory_id
        known = by_cabin.get(place)
        if known is None or change.lsn >= known.lsn:
            by_cabin[place] = change
    return list(by_cabin.values())

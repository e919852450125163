"""Which amounts of a booking may be given up for a refund; no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.bookings.schemas import ItemKind

# What no coupon carries, so that a later cancellation does not count on it. In the order it is given up.
WAIVABLE = (ItemKind.PENALTY, ItemKind.FEE, ItemKind.ANCILLARY)


@dataclass(frozen=True)
class LiveItem:
    id: UUID
    kind: ItemKind
    amount_minor: int


@dataclass(frozen=True)
class Waiver:
    """So much of one item is given up; the rest of it stays due."""

    item: LiveItem
    waived_minor: int

    @property
    def left_minor(self) -> int:
        return self.item.amount_minor - self.waived_minor


def owed_minor(paid_minor: int, live: Sequence[LiveItem]) -> int:
    """What has been paid and buys nothing."""
    return paid_minor - sum(item.amount_minor for item in live)


def waivers(amount_minor: int, live: Sequence[LiveItem]) -> list[Waiver]:
    """What is given up to make an amount free, penalties first, then fees and extras, each kind's newest
    first. Adds up to less than the amount when there is not enough."""
    newest_first = sorted(live, key=lambda item: item.id, reverse=True)
    found = []
    for kind in WAIVABLE:
        for item in newest_first:
            if item.kind is not kind or item.amount_minor == 0 or amount_minor <= 0:
                continue
            found.append(Waiver(item, min(item.amount_minor, amount_minor)))
            amount_minor -= found[-1].waived_minor
    return found

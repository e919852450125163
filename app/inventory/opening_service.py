"""Cabins as they begin, and what is left in those of many flights."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.inventory import opening_store, rules


async def open_cabins(session: AsyncSession, new: Sequence[tuple[UUID, Mapping[str, int]]]) -> int:
    """Put the cabins of new flights (flight, seats by cabin) on sale: every seat authorised, none sold.

    How many cabins there are; one that is there already stays as it is."""
    rows = []
    for flight_id, cabins in new:
        for cabin, seats in cabins.items():
            limits = rules.opening_limits(cabin, seats)
            nothing = [0] * len(limits)
            rows.append(
                {
                    "id": uuid7(),
                    "flight_id": flight_id,
                    "cabin": cabin,
                    "capacity": seats,
                    "authorised": seats,
                    "classes": list(limits),
                    "limits": list(limits.values()),
                    "held": nothing,
                    "sold": nothing,
                }
            )
    if rows:
        await opening_store.insert_cabins(session, rows)
    return len(rows)


async def list_seats_open(
    session: AsyncSession, flight_ids: Sequence[UUID], cabin: str
) -> dict[UUID, dict[str, int]]:
    """What each class of one cabin can still sell, from the dearest down, by flight; as the core has it."""
    return {
        row.flight_id: dict(zip(row.classes, row.seats_open, strict=True))
        for row in await opening_store.list_seats_open(session, flight_ids, cabin)
    }

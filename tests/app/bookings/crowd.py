"""A crowd that books without HTTP: what the batch is asked, and what it wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.bookings.creation_service import Asked
from app.bookings.schemas import BookingRequest
from app.core.context import RequestContext
from app.core.idempotency import Idempotency
from app.core.ids import uuid7
from app.core.security import Caller, Role
from tests.app.bookings.travellers import booking_request
from tests.app.conftest import Owner

ROUTE = "POST /v1/bookings"


@dataclass(frozen=True)
class Buyer:
    """A user with an offer. One without a row in users is a booking the database refuses."""

    user_id: UUID
    offer: dict[str, Any]

    def asks(self, key: str | None = None, context: RequestContext | None = None) -> Asked:
        request = BookingRequest.model_validate(booking_request(self.offer))
        caller = Caller(str(self.user_id), frozenset({Role.CUSTOMER}))
        record = Idempotency(str(self.user_id), ROUTE, key or uuid7().hex, b"body")
        return Asked(record, caller, request, context or RequestContext())


def new_buyers(owner: Owner, offer: dict[str, Any], count: int) -> list[Buyer]:
    buyers = [Buyer(uuid7(), offer) for _ in range(count)]
    for buyer in buyers:
        owner.execute(
            "insert into app.users (id, email_hash, created_at) values (%s, 'k1:test', now())",
            (buyer.user_id,),
        )
    return buyers


def transactions_of(owner: Owner, buyers: Sequence[Buyer]) -> list[int]:
    """How many of the buyers' bookings each transaction wrote."""
    found = owner.execute(
        "select count(*)::int from app.bookings where user_id = any(%s) group by xmin::text",
        ([buyer.user_id for buyer in buyers],),
    ).fetchall()
    return [int(str(count)) for (count,) in found]


def assert_nothing_is_oversold(owner: Owner, flight_id: UUID) -> int:
    """The counters of a flight are within its limits and equal its holds; how many seats are taken."""
    row = owner.execute(
        "select (select sum(n) from unnest(held) as n)::int, (select sum(n) from unnest(sold) as n)::int, "
        "authorised, app.inventory_is_sound(authorised, limits, held, sold) "
        "from app.cabin_inventories where flight_id = %s",
        (flight_id,),
    ).fetchone()
    assert row is not None
    held, sold, authorised, is_sound = row
    holds = owner.execute(
        "select coalesce(sum(seats) filter (where outcome is null), 0)::int, "
        "coalesce(sum(seats) filter (where outcome = 'sold'), 0)::int "
        "from app.seat_holds where flight_id = %s",
        (flight_id,),
    ).fetchone()
    assert (held, sold) == holds
    assert is_sound
    taken = int(str(held)) + int(str(sold))
    assert taken <= int(str(authorised))
    return taken

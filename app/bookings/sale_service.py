"""Taking part of a sale back: coupons, tickets, segments and items that go together."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, rules, store
from app.bookings.errors import CouponInUse
from app.bookings.models import CouponRow, ItemRow
from app.bookings.schemas import CouponStatus, ItemKind, LiveStatus, TicketStatus
from app.bookings.standing import Standing
from app.core.ids import uuid7
from app.inventory import service as inventory
from app.inventory.schemas import SeatRequest

PRICE_KINDS = (ItemKind.FARE, *rules.TAX_KINDS)

Release = Callable[[AsyncSession, Standing, Sequence[CouponRow], datetime], Awaitable[None]]

_releases: list[Release] = []


def on_take_back(release: Release) -> None:
    """Let a part give up what hangs on coupons, in the transaction in which they are given back."""
    _releases.append(release)


async def take_back(
    session: AsyncSession, at: Standing, coupons: Sequence[CouponRow], status: CouponStatus
) -> list[SeatRequest]:
    """Give coupons back with their fares and taxes; the seats that inventory is to get back, last.

    Raises CouponInUse when one has been checked in meanwhile. Segments nobody flies any more are ended;
    extras are the caller's to decide."""
    ids = [coupon.id for coupon in coupons]
    if await store.give_back_coupons(session, ids, status) != len(ids):
        raise CouponInUse()
    await _take_back_items(session, at, coupons)
    await _end_tickets(session, at, coupons, status)
    await _end_segments(session, at, coupons, status)
    for release in _releases:
        await release(session, at, coupons, at.now)
    await _leave_seats(session, at, coupons)
    return seats_of(at, coupons)


def seats_of(at: Standing, coupons: Sequence[CouponRow]) -> list[SeatRequest]:
    """What the passengers of these coupons occupy in inventory."""
    seats = Counter(coupon.segment_id for coupon in coupons if at.type_of(coupon.passenger_id).needs_seat)
    segments = [at.segment(segment_id) for segment_id in seats]
    return [SeatRequest(each.flight_id, each.cabin, each.fare_class, seats[each.id]) for each in segments]


def extras_of(at: Standing, coupons: Sequence[CouponRow]) -> list[ItemRow]:
    """The live extras that hang on these coupons; those for a whole journey go with its last coupon."""
    gone = {coupon.id for coupon in coupons}
    pairs = {(coupon.passenger_id, coupon.segment_id) for coupon in coupons}
    leaving = {
        passenger.id
        for passenger in at.passengers
        if all(coupon.id in gone for coupon in at.live_coupons if coupon.passenger_id == passenger.id)
    }
    return [
        item
        for item in at.items
        if item.kind == ItemKind.ANCILLARY
        and item.status == LiveStatus.LIVE
        and (
            (item.passenger_id, item.segment_id) in pairs
            or (item.segment_id is None and (item.passenger_id is None or item.passenger_id in leaving))
        )
    ]


async def _leave_seats(session: AsyncSession, at: Standing, coupons: Sequence[CouponRow]) -> None:
    """Locks seats by number: after booking and payment, before the cabins."""
    by_flight: dict[UUID, list[UUID]] = defaultdict(list)
    for coupon in coupons:
        by_flight[coupon.flight_id].append(coupon.passenger_id)
    for flight_id, passenger_ids in sorted(by_flight.items()):
        await inventory.release_seats_for_update(session, at.booking.id, passenger_ids, flight_id, at.now)


async def _take_back_items(session: AsyncSession, at: Standing, coupons: Sequence[CouponRow]) -> None:
    """Afterwards each passenger's live fares and taxes are again what the coupons left are worth."""
    gone = {coupon.id for coupon in coupons}
    for passenger_id in {coupon.passenger_id for coupon in coupons}:
        own = [coupon for coupon in at.live_coupons if coupon.passenger_id == passenger_id]
        left = [coupon for coupon in own if coupon.id not in gone]
        gone_segments = {coupon.segment_id for coupon in own if coupon.id in gone}
        live = [
            item
            for item in at.items
            if item.passenger_id == passenger_id
            and item.status == LiveStatus.LIVE
            and item.kind in PRICE_KINDS
        ]
        fares = [item for item in live if item.kind == ItemKind.FARE]
        taxes = [item for item in live if item.kind in rules.TAX_KINDS]
        await _shrink(session, fares, gone_segments, sum(coupon.fare_minor for coupon in left), at.now)
        await _shrink(session, taxes, gone_segments, sum(coupon.tax_minor for coupon in left), at.now)


async def _shrink(
    session: AsyncSession,
    items: Sequence[ItemRow],
    gone_segments: set[UUID],
    left_minor: int,
    now: datetime,
) -> None:
    """Cancel the items of the segments that go; of those for the whole journey keep what is left."""
    going = [item for item in items if item.segment_id in gone_segments]
    bound = sum(item.amount_minor for item in items if item.segment_id is not None) - sum(
        item.amount_minor for item in going
    )
    shared = [item for item in items if item.segment_id is None]
    kept = rules.left_of([item.amount_minor for item in shared], left_minor - bound)
    smaller = [
        (item, amount) for item, amount in zip(shared, kept, strict=True) if amount != item.amount_minor
    ]
    ended = [item.id for item in going] + [item.id for item, _ in smaller]
    if ended:
        await store.cancel_items(session, ended)
    remainders = [_remainder(item, amount, now) for item, amount in smaller if amount]
    if remainders:
        await store.insert_rows(session, ItemRow, remainders)


def _remainder(item: ItemRow, amount_minor: int, now: datetime) -> dict[str, object]:
    return {
        "id": uuid7(),
        "booking_id": item.booking_id,
        "passenger_id": item.passenger_id,
        "segment_id": None,
        "kind": item.kind,
        "code": item.code,
        "description": item.description,
        "amount_minor": amount_minor,
        "currency": item.currency,
        "status": LiveStatus.LIVE,
        "created_at": now,
    }


async def _end_tickets(
    session: AsyncSession, at: Standing, coupons: Sequence[CouponRow], status: CouponStatus
) -> None:
    """A ticket of which nothing is left ends as its last coupon did."""
    gone = {coupon.id for coupon in coupons}
    for ticket_id in {coupon.ticket_id for coupon in coupons}:
        own = [coupon for coupon in at.coupons if coupon.ticket_id == ticket_id]
        if all(coupon.id in gone or coupon.status in action_rules.GIVEN_BACK for coupon in own):
            await store.set_ticket(session, ticket_id, TicketStatus(status.value))


async def _end_segments(
    session: AsyncSession, at: Standing, coupons: Sequence[CouponRow], status: CouponStatus
) -> None:
    gone = {coupon.id for coupon in coupons}
    empty = [
        segment.id
        for segment in at.live_segments
        if all(coupon.id in gone for coupon in at.live_coupons if coupon.segment_id == segment.id)
    ]
    if empty:
        ended = LiveStatus.EXCHANGED if status is CouponStatus.EXCHANGED else LiveStatus.CANCELLED
        await store.end_segments(session, empty, ended)

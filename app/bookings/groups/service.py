"""Asking for a group, quoting it, and accepting the quote. The block itself is in block_service."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import rules as booking_rules
from app.bookings import store as bookings
from app.bookings.access import may_act_for_any
from app.bookings.groups import block_service as block
from app.bookings.groups import rules, store
from app.bookings.groups.errors import (
    ClassNotOnSale,
    GroupEnded,
    GroupNotFound,
    GroupNotQuotable,
    GroupQuoteEnded,
)
from app.bookings.groups.models import GroupRow
from app.bookings.groups.schemas import (
    Group,
    GroupBooking,
    GroupNames,
    GroupQuote,
    GroupRequest,
    GroupStatus,
    Leg,
)
from app.bookings.schemas import BookingStatus
from app.core import clock, events, vault
from app.core.context import current
from app.core.ids import uuid7
from app.core.money import Money
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import Cabin
from app.offers import service as offers
from app.pricing.schemas import LineKind, PassengerType


async def request_group(session: AsyncSession, caller: Caller, request: GroupRequest) -> Group:
    """Ask for seats for a group. Raises FlightNotFound, FlightClosed."""
    now, user_id = await clock.now(session), caller.user_id
    for flight in (await flights.get_flights(session, request.flight_ids)).values():
        flights.ensure_open_for_sale(flight, now)
    contact_id, group_id, context = uuid7(), uuid7(), current()
    await vault.put_people(session, "contact", {contact_id: request.contact.model_dump(exclude_none=True)})
    values = {
        "id": group_id,
        "user_id": user_id,
        "contact_subject_id": contact_id,
        "status": GroupStatus.REQUESTED,
        "flight_ids": list(request.flight_ids),
        "cabin": request.cabin,
        "seats": request.seats,
        "requested_at": now,
        "request_id": context.request_id,
        "simulated": context.is_simulated,
        "updated_at": now,
    }
    await store.insert_group(session, values)
    group = await _get(session, group_id)
    await _tell(session, "GroupRequested", group, now)
    return await _shown(session, group, now)


async def get_group(session: AsyncSession, caller: Caller, group_id: UUID) -> Group:
    """Raises GroupNotFound, also for another's; agents see all."""
    group = _visible(await store.find_group(session, group_id), caller)
    return await _shown(session, group, await clock.now(session))


async def list_groups(
    session: AsyncSession, user_id: UUID | None, status: GroupStatus | None, window: Window
) -> Page[Group]:
    """One page, the newest first; of everybody where no user is named. Raises CursorInvalid."""
    now = await clock.now(session)
    rows = await store.list_groups(
        session, user_id, status, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([await _shown(session, row, now) for row in rows], window, [row.id.hex for row in rows])


async def quote(session: AsyncSession, caller: Caller, group_id: UUID, asked: GroupQuote) -> Group:
    """Offer the public fare of a class less a discount; a new quote takes the place of the one before.

    Raises GroupNotFound, GroupNotQuotable, DeadlinesInvalid, ClassNotOnSale, FlightClosed."""
    now = await clock.now(session)
    group = await _get_for_update(session, group_id)
    if group.status not in (GroupStatus.REQUESTED, GroupStatus.QUOTED, GroupStatus.LAPSED):
        raise GroupNotQuotable(f"it is {group.status}")
    found = await flights.get_flights(session, group.flight_ids)
    for flight in found.values():
        flights.ensure_open_for_sale(flight, now)
    rules.ensure_in_order(asked, now, min(flights.sale_closes_at(flight) for flight in found.values()))
    legs, currency = await _price(session, group, asked, now)
    total_minor = sum(leg.total_minor for leg in legs)
    if asked.deposit_per_seat_minor > total_minor:
        raise ClassNotOnSale(f"a seat costs {total_minor}, less than the deposit")
    values = {
        "status": GroupStatus.QUOTED,
        "quoted_at": now,
        "quote_expires_at": asked.expires_at,
        "legs": [asdict(leg) | {"flight_id": str(leg.flight_id), "fare_product_id": str(leg.fare_product_id)}
                 for leg in legs],
        "currency": currency,
        "total_per_seat_minor": total_minor,
        "deposit_per_seat_minor": asked.deposit_per_seat_minor,
        "deposit_due_at": asked.deposit_due_at,
        "names_due_at": asked.names_due_at,
        "final_due_at": asked.final_due_at,
        "ended_at": None,
    }  # fmt: skip
    await store.update_group(session, group_id, values)
    terms = {"total_per_seat_minor": total_minor, "deposit_per_seat_minor": asked.deposit_per_seat_minor}
    await audit.record(
        session, "group.quoted", "group", group_id, actor=caller, after=terms | {"currency": currency}
    )
    group = await _get(session, group_id)
    await _tell(session, "GroupQuoted", group, now)
    return await _shown(session, group, now)


async def decline(session: AsyncSession, caller: Caller, group_id: UUID) -> Group:
    """Raises GroupNotFound, GroupNotQuotable."""
    now = await clock.now(session)
    group = await _get_for_update(session, group_id)
    if group.status not in (GroupStatus.REQUESTED, GroupStatus.QUOTED):
        raise GroupNotQuotable(f"it is {group.status}")
    await store.update_group(session, group_id, {"status": GroupStatus.DECLINED, "ended_at": now})
    await audit.record(session, "group.declined", "group", group_id, actor=caller)
    group = await _get(session, group_id)
    await _tell(session, "GroupDeclined", group, now)
    return await _shown(session, group, now)


async def accept(session: AsyncSession, caller: Caller, group_id: UUID) -> Group:
    """Hold the whole block as quoted, or nothing of it.

    Raises GroupNotFound, GroupQuoteEnded, FlightClosed, SoldOut. Locks the group, then the cabins, last."""
    now = await clock.now(session)
    group = _visible(await store.find_group_for_update(session, group_id), caller)
    if status_at(group, now) is not GroupStatus.QUOTED:
        raise GroupQuoteEnded(f"it is {status_at(group, now)}")
    for flight in (await flights.get_flights(session, group.flight_ids)).values():
        flights.ensure_open_for_sale(flight, now)
    await store.update_group(session, group_id, {"status": GroupStatus.CONFIRMED, "confirmed_at": now})
    group = await _get(session, group_id)
    await _tell(session, "GroupConfirmed", group, now)
    await block.hold(session, group, now)
    return await _shown(session, group, now)


async def add_names(session: AsyncSession, caller: Caller, group_id: UUID, names: GroupNames) -> Group:
    """Give names to seats of the block that have none, its bookings one after the other.

    Raises GroupNotFound, GroupEnded, TooManyNames, PaymentInProgress."""
    now = await clock.now(session)
    group = _visible(await store.find_group_for_update(session, group_id), caller)
    if group.status != GroupStatus.CONFIRMED:
        raise GroupEnded(f"it is {group.status}")
    await block.add_names(session, group, names.passengers, now)
    return await _shown(session, group, now)


async def cancel(session: AsyncSession, caller: Caller, group_id: UUID) -> Group:
    """Give up what is still held; deposits are kept, and what was ticketed stays.

    Raises GroupNotFound, GroupEnded, PaymentInProgress. Locks the bookings, then all their cabins, last."""
    now = await clock.now(session)
    group = _visible(await store.find_group_for_update(session, group_id), caller)
    if group.status not in (GroupStatus.REQUESTED, GroupStatus.QUOTED, GroupStatus.CONFIRMED):
        raise GroupEnded(f"it is {group.status}")
    await store.update_group(session, group_id, {"status": GroupStatus.CANCELLED, "ended_at": now})
    group = await _get(session, group_id)
    await _tell(session, "GroupCancelled", group, now)
    await block.give_up(session, group, now)
    return await _shown(session, group, now)


def status_at(group: GroupRow, now: datetime) -> GroupStatus:
    """A quote is over at its time, whether or not anybody has written it down."""
    is_over = group.quote_expires_at is not None and now >= group.quote_expires_at
    return GroupStatus.LAPSED if group.status == GroupStatus.QUOTED and is_over else GroupStatus(group.status)


async def _price(
    session: AsyncSession, group: GroupRow, asked: GroupQuote, now: datetime
) -> tuple[list[Leg], str]:
    found = await flights.get_flights(session, group.flight_ids)
    legs, currencies = [], set()
    for flight_id in group.flight_ids:
        offer = await offers.offer_flight(
            session,
            found[flight_id],
            Cabin(group.cabin),
            [PassengerType.ADULT],
            {asked.fare_class: 1},
            asked.expires_at,
            now,
        )
        if offer is None:
            raise ClassNotOnSale(f"{asked.fare_class} cannot be bought now", pointer="/fare_class")
        price, sold_as = offer.passengers[0], offer.slices[0].segments[0]
        currencies.add(offer.total.currency)
        fare_minor = rules.discounted_minor(price.segment_fares[0].amount_minor, asked.discount_percent)
        taxes = [
            (line.code, line.description, line.amount.amount_minor)
            for line in price.breakdown
            if line.kind in (LineKind.TAX, LineKind.FEE)
        ]
        legs.append(
            Leg(
                flight_id=flight_id,
                fare_class=sold_as.fare_class,
                fare_product_id=sold_as.fare_product_id,
                fare_basis=sold_as.fare_basis,
                brand=offer.brand,
                fare_minor=fare_minor,
                taxes=taxes,
            )
        )
    if len(currencies) > 1:
        raise ClassNotOnSale("its flights are sold in different currencies")
    return legs, currencies.pop()


async def _get(session: AsyncSession, group_id: UUID) -> GroupRow:
    group = await store.find_group(session, group_id)
    if group is None:
        raise GroupNotFound()
    return group


async def _get_for_update(session: AsyncSession, group_id: UUID) -> GroupRow:
    group = await store.find_group_for_update(session, group_id)
    if group is None:
        raise GroupNotFound()
    return group


def _visible(group: GroupRow | None, caller: Caller) -> GroupRow:
    """The organiser's own, or any to an agent. Raises GroupNotFound."""
    if group is None or not (group.user_id == caller.acting_user_id or may_act_for_any(caller)):
        raise GroupNotFound()
    return group


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


async def _tell(session: AsyncSession, event_type: str, group: GroupRow, now: datetime) -> None:
    payload = {
        "group_id": group.id,
        "flight_ids": list(group.flight_ids),
        "cabin": group.cabin,
        "seats": group.seats,
    }
    await events.record(
        session,
        event_type,
        "group",
        group.id,
        payload,
        subject_id=group.contact_subject_id,
        actor_id=group.user_id,
        occurred_at=now,
    )


async def _shown(session: AsyncSession, group: GroupRow, now: datetime) -> Group:
    parts = await store.find_parts(session, group.id)
    ids = [part.booking_id for part in parts]
    rows = {row.id: row for row in await bookings.find_bookings(session, ids)}
    named: dict[UUID, int] = dict.fromkeys(ids, 0)
    for passenger in await bookings.find_passengers(session, ids):
        named[passenger.booking_id] += 1

    def money(amount_minor: int | None) -> Money | None:
        if amount_minor is None or group.currency is None:
            return None
        return Money(amount_minor=amount_minor, currency=group.currency)

    return Group(
        id=group.id,
        status=status_at(group, now),
        flight_ids=group.flight_ids,
        cabin=Cabin(group.cabin),
        seats=group.seats,
        requested_at=group.requested_at,
        quoted_at=group.quoted_at,
        quote_expires_at=group.quote_expires_at,
        total_per_seat=money(group.total_per_seat_minor),
        deposit_per_seat=money(group.deposit_per_seat_minor),
        deposit_due_at=group.deposit_due_at,
        names_due_at=group.names_due_at,
        final_due_at=group.final_due_at,
        confirmed_at=group.confirmed_at,
        ended_at=group.ended_at,
        bookings=[
            GroupBooking(
                booking_id=part.booking_id,
                pnr=rows[part.booking_id].pnr,
                status=booking_rules.status_at(
                    BookingStatus(rows[part.booking_id].status),
                    rows[part.booking_id].payment_required_by,
                    now,
                ),
                payment_required_by=rows[part.booking_id].payment_required_by,
                deposit=Money(amount_minor=part.deposit_minor, currency=rows[part.booking_id].currency),
                deposit_paid_at=part.deposit_paid_at,
                seats=rows[part.booking_id].passenger_count,
                named=named[part.booking_id],
            )
            for part in parts
        ],
    )

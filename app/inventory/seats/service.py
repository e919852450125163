"""Seats by number: the layout of a flight, giving seats to passengers, and taking them back.

Lock order: what is here comes after booking and payment, and before the cabin rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.flights import service as flights
from app.inventory.seats import rules, store
from app.inventory.seats.errors import InfantBlockTaken, SeatTaken, SeatUnknown
from app.inventory.seats.schemas import (
    CabinLayout,
    ReleaseReason,
    SeatAssignment,
    SeatPlace,
    SeatWish,
)
from app.reference import service as reference


async def get_layout(session: AsyncSession, flight_id: UUID) -> list[CabinLayout]:
    """Where a flight's seats are. Made by the rule, and kept, where its aircraft has no layout yet.

    Raises FlightNotFound."""
    flight = await flights.get_flight(session, flight_id)
    capacities = await store.list_capacities(session, flight_id)
    configuration = rules.configuration(capacities)
    layout = await store.find_layout(session, flight.aircraft_type, configuration)
    if layout is None:
        layout = rules.make_layout(capacities)
        await store.insert_layout(session, flight.aircraft_type, configuration, layout)
    return layout


row_places = rules.row_places


async def make_layouts(session: AsyncSession, limit: int) -> int:
    """Make the layouts that aircraft types lack in the seating they were bought with, at most `limit`; how
    many. Another seating of theirs gets its layout when a flight with it is first looked at."""
    made = 0
    for kind in (await reference.list_aircraft_types(session)).values():
        if kind.cabins and made < limit:
            layout = rules.make_layout(kind.cabins)
            name = rules.configuration(kind.cabins)
            made += await store.insert_layout(session, kind.code, name, layout)
    return made


async def get_places(session: AsyncSession, flight_id: UUID) -> dict[str, SeatPlace]:
    """Every seat of a flight by its name. Raises FlightNotFound."""
    return rules.places(await get_layout(session, flight_id))


async def list_taken(session: AsyncSession, flight_id: UUID, now: datetime) -> set[str]:
    """The seats of a flight that somebody has at `now`."""
    return {row.seat for row in await store.list_live(session, [flight_id], now)}


async def list_seats_on(session: AsyncSession, flight_id: UUID, now: datetime) -> dict[UUID, str]:
    """The seats of a flight at `now` by passenger."""
    return {row.passenger_id: row.seat for row in await store.list_live(session, [flight_id], now)}


async def list_seat_assignments(
    session: AsyncSession, booking_id: UUID, now: datetime
) -> list[SeatAssignment]:
    """The seats a booking has at `now`."""
    return await store.list_of_booking(session, booking_id, now)


async def assign_seats_for_update(
    session: AsyncSession, flight_id: UUID, seats: Mapping[UUID, str], booking_id: UUID, now: datetime
) -> list[SeatAssignment]:
    """Give passengers of a booking these seats on one flight (passenger -> seat), all or none.

    Raises SeatTaken, SeatUnknown."""
    wishes = [SeatWish(flight_id, passenger_id, seat) for passenger_id, seat in seats.items()]
    return await assign_wishes_for_update(session, booking_id, wishes, now)


async def assign_wishes_for_update(
    session: AsyncSession, booking_id: UUID, wishes: Sequence[SeatWish], now: datetime
) -> list[SeatAssignment]:
    """Give the booking's passengers the seats they wish for, on any number of flights, all or none; gives
    all seats the booking then has. Whoever had another seat on the flight leaves it.

    Until the booking's hold on a flight is sold, its seats are held no longer than the hold.
    Raises SeatTaken, InfantBlockTaken, SeatUnknown, having changed nothing."""
    rows = []
    layouts = {
        flight_id: await get_places(session, flight_id)
        for flight_id in sorted({wish.flight_id for wish in wishes})
    }
    for wish in wishes:
        place = layouts[wish.flight_id].get(wish.seat)
        if place is None or wish.cabin not in (None, place.cabin):
            raise SeatUnknown(f"{wish.seat} is no seat in {wish.cabin or 'any cabin'} of this flight")
        rows.append(_row(wish, place))
    await store.lock_flights_for_update(session, list(layouts))
    in_the_way = await store.assign_for_update(session, booking_id, rows, now)
    if in_the_way:
        taken = ", ".join(dict.fromkeys(row.seat for row in in_the_way))
        raise SeatTaken(f"taken: {taken}") if in_the_way[0].is_seat else InfantBlockTaken(f"at {taken}")
    return await store.list_of_booking(session, booking_id, now)


async def ensure_free(
    session: AsyncSession, booking_id: UUID, wishes: Sequence[SeatWish], now: datetime
) -> None:
    """Look whether another booking has one of these seats; it promises nothing. Raises SeatTaken."""
    live = await store.list_live(session, sorted({wish.flight_id for wish in wishes}), now)
    wanted = {(wish.flight_id, wish.seat) for wish in wishes}
    taken = [row.seat for row in live if row.booking_id != booking_id and (row.flight_id, row.seat) in wanted]
    if taken:
        raise SeatTaken(f"taken: {', '.join(taken)}")


async def release_seats_for_update(
    session: AsyncSession,
    booking_id: UUID,
    passenger_ids: Sequence[UUID] | None,
    flight_id: UUID | None,
    now: datetime,
    reason: ReleaseReason = ReleaseReason.CANCELLED,
) -> int:
    """Give back a booking's seats: of these passengers and this flight, or of all where None; how many."""
    return await store.release_for_update(session, booking_id, passenger_ids, flight_id, reason, now)


async def move_seats_for_update(
    session: AsyncSession, from_booking_id: UUID, to_booking_id: UUID, passenger_ids: Sequence[UUID]
) -> None:
    """Passengers go into another booking and keep their seats."""
    await store.move_for_update(session, from_booking_id, to_booking_id, passenger_ids)


async def retake_seats_for_update(
    session: AsyncSession, booking_id: UUID, now: datetime
) -> list[tuple[UUID, UUID]]:
    """After its money came late: give a booking the seats it had when its hold died, as far as they are
    free; whose on which flight (passenger, flight) are gone. To be called before its holds are released."""
    lost = await store.list_expired(session, booking_id, now)
    if not lost:
        return []
    flight_ids = sorted({row.flight_id for row in lost})
    await store.lock_flights_for_update(session, flight_ids)
    live = await store.list_live(session, flight_ids, now)
    seats = {(row.flight_id, row.seat) for row in live}
    blocks = {(row.flight_id, row.infant_block) for row in live if row.infant_block}
    free = [
        dict(row._mapping)
        for row in lost
        if (row.flight_id, row.seat) not in seats and (row.flight_id, row.infant_block) not in blocks
    ]
    if free:
        await store.assign_for_update(session, booking_id, free, now)
        await store.keep_for_update(session, booking_id)
    kept = {(row["passenger_id"], row["flight_id"]) for row in free}
    places = [(row.passenger_id, row.flight_id) for row in lost]
    return [place for place in places if place not in kept]


async def reseat_for_update(session: AsyncSession, flight_id: UUID, now: datetime) -> dict[UUID, str | None]:
    """After another aircraft was put on a flight: give everybody whose seat it does not have, or has in
    another cabin, the free seat most like it. Passenger -> the new seat, None where none is left.

    To be called once the cabins have their new capacities. Raises FlightNotFound."""
    layout = await get_places(session, flight_id)
    await store.lock_flights_for_update(session, [flight_id])
    live = await store.list_live(session, [flight_id], now)
    fits = {row.id for row in live if row.seat in layout and layout[row.seat].cabin == row.cabin}
    taken = {row.seat for row in live if row.id in fits}
    taken |= {row.infant_block for row in live if row.id in fits and row.infant_block}
    homeless = [row for row in live if row.id not in fits]
    await store.release_ids_for_update(session, [row.id for row in homeless], ReleaseReason.RESEATED, now)
    moved: dict[UUID, str | None] = {}
    for row in homeless:
        with_infant = row.infant_block is not None
        place = rules.nearest_seat(row.seat, row.cabin, layout, taken, with_infant=with_infant)
        moved[row.passenger_id] = place.seat if place else None
        if place is not None:
            taken |= {place.seat, place.block} if with_infant else {place.seat}
            seated = _row(SeatWish(flight_id, row.passenger_id, place.seat, with_infant=with_infant), place)
            await store.assign_for_update(session, row.booking_id, [seated], now)
    return moved


def _row(wish: SeatWish, place: SeatPlace) -> dict[str, object]:
    return {
        "flight_id": wish.flight_id,
        "passenger_id": wish.passenger_id,
        "cabin": place.cabin,
        "seat": place.seat,
        "infant_block": place.block if wish.with_infant else None,
    }

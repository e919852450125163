"""The gate: who is on the list, who boards, who comes late, and who gets a seat from standby."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import coupon_service as coupons
from app.bookings.coupon_service import TravelCoupon
from app.bookings.schemas import BoardingOutcome, BookingStatus, CouponStatus
from app.checkin import bcbp, pass_service, rules, seating, store, telling
from app.checkin.errors import (
    AlreadyBoarded,
    BoardingClosed,
    BoardingNotOpen,
    CabinFull,
    InfantAlone,
    NotCheckedIn,
    NotCheckInable,
    StandbyNotCleared,
    WrongFlight,
)
from app.checkin.models import CheckInRow
from app.checkin.schemas import (
    CabinCount,
    CheckInSource,
    ClearStandbyRequest,
    GateEntry,
    GateList,
    GoShowRequest,
    ScanRequest,
)
from app.checkin.service import ACCEPTED, accept, acceptance, is_standby
from app.core import clock
from app.core.ids import encode
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import FlightView
from app.pricing.schemas import PassengerType

# What no longer entitles anybody to a seat does not belong on a gate's list.
_ON_THE_LIST = (CouponStatus.OPEN, CouponStatus.CHECKED_IN, CouponStatus.BOARDED, CouponStatus.FLOWN)
# After this a coupon has been used on its flight, and a second scan is a copy of the pass.
_USED = (CouponStatus.BOARDED, CouponStatus.FLOWN)


async def get_gate_list(session: AsyncSession, flight_id: UUID) -> GateList:
    """Everyone with a coupon for the flight. Raises FlightNotFound."""
    now = await clock.now(session)
    flight = await flights.get_flight(session, flight_id)
    listed = await list_entries(session, flight_id, now)
    boarding = await store.find_boarding(session, flight_id)
    places = await seating.capacities(session, flight.id)
    return GateList(
        flight_id=flight_id,
        closed_at=boarding.closed_at if boarding else None,
        cabins=_count(listed, places),
        data=listed,
    )


async def list_entries(session: AsyncSession, flight_id: UUID, now: datetime) -> list[GateEntry]:
    """In the order of check-in, those who have not checked in last."""
    rows = {row.coupon_id: row for row in await store.find_check_ins_on(session, flight_id)}
    seats = await seating.seats_on(session, flight_id, now)
    found = await coupons.list_coupons_on(session, flight_id)
    listed = [coupon for coupon in found if coupon.status in _ON_THE_LIST]
    last = max((row.sequence_number for row in rows.values()), default=0) + 1
    listed.sort(key=lambda each: rows[each.id].sequence_number if each.id in rows else last)
    return [_entry(coupon, rows.get(coupon.id), seats.get(coupon.passenger_id)) for coupon in listed]


async def scan(session: AsyncSession, caller: Caller, flight_id: UUID, request: ScanRequest) -> GateEntry:
    """Board the passenger of a pass, once.

    Raises BarcodeUnreadable, BarcodeForged, WrongFlight, BoardingNotOpen, BoardingClosed, NotCheckedIn,
    StandbyNotCleared, InfantAlone, AlreadyBoarded."""
    now = await clock.now(session)
    scanned = pass_service.read_barcode(request.barcode)
    flight = await flights.get_flight(session, flight_id)
    _ensure_for(flight, scanned)
    await ensure_boarding(session, flight, now)
    row = await store.find_check_in(session, flight_id, scanned.sequence_number)
    coupon = await coupons.find_coupon(session, row.coupon_id) if row is not None else None
    if row is None or coupon is None or coupon.pnr != scanned.pnr:
        raise NotCheckedIn("the check-in of this pass was taken back")
    if is_standby(row):
        raise StandbyNotCleared()
    outcome = BoardingOutcome.STANDBY_CLEARED if row.cleared_at else BoardingOutcome.BOARDED
    await _ensure_lap(session, flight, coupon)
    await _board(session, caller, coupon, row.sequence_number, outcome, now)
    return await _entry_of(session, coupon.id, row.sequence_number, now)


async def take_go_show(
    session: AsyncSession, caller: Caller, flight_id: UUID, request: GoShowRequest
) -> GateEntry:
    """Take along a ticketed passenger who missed check-in and stands at the gate, while there is a seat.

    Raises FlightNotFound, BoardingNotOpen, BoardingClosed, NotCheckInable, CabinFull."""
    now = await clock.now(session)
    flight = await flights.get_flight(session, flight_id)
    await ensure_boarding(session, flight, now)
    coupon = await coupons.find_coupon(session, request.coupon_id)
    if coupon is None or coupon.flight_id != flight_id:
        raise NotCheckInable("the flight has no such coupon")
    if coupon.booking_status is not BookingStatus.TICKETED or coupon.boarding_outcome is not None:
        raise NotCheckInable()
    if not await coupons.move_coupons(session, [coupon.id], [CouponStatus.OPEN], CouponStatus.CHECKED_IN):
        raise NotCheckInable(f"it is {coupon.status}")
    await accept(session, flight, [coupon], CheckInSource.GATE, caller, now)
    rows = await store.find_check_ins_on(session, flight_id)
    if any(is_standby(row) and row.cabin == coupon.cabin for row in rows):
        raise CabinFull("whoever waits on standby comes first")
    await _ensure_lap(session, flight, coupon)
    row = next(row for row in rows if row.coupon_id == coupon.id)
    await _board(session, caller, coupon, row.sequence_number, BoardingOutcome.GO_SHOW, now)
    after = {"coupon_id": encode("cpn", coupon.id)}
    await audit.record(session, "boarding.go_show_taken", "flight", flight_id, actor=caller, after=after)
    return await _entry_of(session, coupon.id, row.sequence_number, now)


async def clear_standby(
    session: AsyncSession, caller: Caller, flight_id: UUID, request: ClearStandbyRequest
) -> GateList:
    """Give free seats to passengers on standby, in the order of their priority. Once check-in has closed,
    seats of those who never checked in are free. Locks the flight's boarding, then seats.

    Raises FlightNotFound, BoardingClosed, NotCheckedIn, CabinFull."""
    now = await clock.now(session)
    flight = await flights.get_flight(session, flight_id)
    await lock_boarding_for_update(session, flight)
    await _free_unclaimed_seats(session, flight, now)
    rows = {row.coupon_id: row for row in await store.find_check_ins_on(session, flight_id)}
    found = {coupon.id: coupon for coupon in await coupons.list_coupons_on(session, flight_id)}
    waiting = rules.clearing_order(deniables(found, rows))
    if request.coupon_id is not None:
        if request.coupon_id not in waiting:
            raise NotCheckedIn("this passenger is not on standby")
        waiting = [request.coupon_id]
    cleared = [
        coupon_id
        for coupon_id in waiting
        if not await seating.seat_party_for_update(session, flight_id, [found[coupon_id]], now)
    ]
    if request.coupon_id is not None and not cleared:
        raise CabinFull()
    if cleared:
        await store.update_check_ins(session, cleared, {"cleared_at": now})
        after = {"coupon_ids": [encode("cpn", coupon_id) for coupon_id in cleared]}
        await audit.record(
            session, "boarding.standby_cleared", "flight", flight_id, actor=caller, after=after
        )
    return await get_gate_list(session, flight_id)


def deniables(
    found: dict[UUID, TravelCoupon], rows: dict[UUID, CheckInRow], *, cabin: str | None = None
) -> list[rules.Deniable]:
    """Those who are checked in for a seat and have not boarded."""
    return [
        rules.Deniable(
            coupon_id=row.coupon_id,
            standby=is_standby(row),
            paid_minor=found[row.coupon_id].paid.amount_minor,
            checked_in_at=row.checked_in_at,
            sequence_number=row.sequence_number,
        )
        for row in rows.values()
        if row.needs_seat
        and found[row.coupon_id].status is CouponStatus.CHECKED_IN
        and cabin in (None, row.cabin)
    ]


async def ensure_boarding(session: AsyncSession, flight: FlightView, now: datetime) -> None:
    """Raises BoardingNotOpen, BoardingClosed."""
    boarding = await store.find_boarding(session, flight.id)
    if boarding is not None and boarding.closed_at is not None:
        raise BoardingClosed(f"at {boarding.closed_at.isoformat()}")
    if not rules.is_boarding_open(flight.status, flight.departs_at, now):
        opens_at = flight.departs_at - rules.BOARDING_OPENS
        raise BoardingNotOpen(f"the flight is {flight.status}; boarding opens at {opens_at.isoformat()}")


async def lock_boarding_for_update(session: AsyncSession, flight: FlightView) -> None:
    """Raises BoardingClosed."""
    boarding = await store.take_numbers_for_update(session, flight.id, flight.departs_at, 0)
    if boarding.closed_at is not None:
        raise BoardingClosed(f"at {boarding.closed_at.isoformat()}")


async def _board(
    session: AsyncSession,
    caller: Caller,
    coupon: TravelCoupon,
    sequence_number: int,
    outcome: BoardingOutcome,
    now: datetime,
) -> None:
    """Compare and set: of two scans of one pass, the second is refused."""
    moved = await coupons.move_coupons(
        session, [coupon.id], [CouponStatus.CHECKED_IN], CouponStatus.BOARDED, outcome
    )
    if not moved:
        current = await coupons.find_coupon(session, coupon.id)
        if current is not None and current.status in _USED:
            raise AlreadyBoarded()
        raise NotCheckedIn()
    await store.update_check_ins(session, [coupon.id], {"boarded_at": now})
    await telling.coupon_boarded(session, coupon, sequence_number, caller.acting_user_id, now)


async def _ensure_lap(session: AsyncSession, flight: FlightView, coupon: TravelCoupon) -> None:
    """An infant boards after an adult of its booking who holds no other. Locks the flight's boarding for
    one, so that two infants do not both count the same lap. Raises InfantAlone."""
    if coupon.passenger_type is not PassengerType.INFANT:
        return
    await lock_boarding_for_update(session, flight)
    party = [each for each in await coupons.list_coupons_on(session, flight.id) if _is_with(each, coupon)]
    if rules.lacks_adult([coupon.passenger_type, *(each.passenger_type for each in party)]):
        raise InfantAlone("the adult boards first")


def _is_with(other: TravelCoupon, coupon: TravelCoupon) -> bool:
    return (
        other.booking_id == coupon.booking_id and other.id != coupon.id
        and other.status is CouponStatus.BOARDED
    )  # fmt: skip


async def _free_unclaimed_seats(session: AsyncSession, flight: FlightView, now: datetime) -> None:
    """Once check-in has closed, the seats of whoever did not check in are anybody's."""
    if now < flights.check_in_window(flight).closes_at:
        return
    for coupon in await coupons.list_coupons_on(session, flight.id):
        if coupon.status is CouponStatus.OPEN:
            await seating.free_seat_for_update(session, coupon, now)


async def _entry_of(session: AsyncSession, coupon_id: UUID, sequence_number: int, now: datetime) -> GateEntry:
    coupon = await coupons.find_coupon(session, coupon_id)
    if coupon is None:
        raise NotCheckedIn()
    row = await store.find_check_in(session, coupon.flight_id, sequence_number)
    seats = await seating.seats_of(session, coupon.booking_id, now)
    return _entry(coupon, row, seats.get((coupon.passenger_id, coupon.flight_id)))


def _ensure_for(flight: FlightView, scanned: bcbp.Scanned) -> None:
    """Raises WrongFlight. A pass holds the day of the year at the origin, which names one departure here."""
    said = (
        scanned.airline, scanned.flight_number, scanned.origin, scanned.destination, scanned.day_of_year
    )  # fmt: skip
    day_of_year = flight.departure_date.timetuple().tm_yday
    if said != (flight.airline, flight.flight_number, flight.origin, flight.destination, day_of_year):
        raise WrongFlight(
            f"it is for {scanned.airline} {scanned.flight_number} from {scanned.origin} to "
            f"{scanned.destination} on day {scanned.day_of_year} of the year"
        )


def _entry(coupon: TravelCoupon, row: CheckInRow | None, seat: str | None) -> GateEntry:
    return GateEntry(
        coupon_id=coupon.id,
        booking_id=coupon.booking_id,
        pnr=coupon.pnr,
        passenger_id=coupon.passenger_id,
        cabin=coupon.cabin,
        fare_class=coupon.fare_class,
        status=coupon.status,
        boarding_outcome=coupon.boarding_outcome,
        acceptance=acceptance(row, seat) if row and coupon.status in ACCEPTED else None,
    )


def _count(listed: Sequence[GateEntry], capacities: dict[str, int]) -> list[CabinCount]:
    seated, boarded, standby = Counter[str](), Counter[str](), Counter[str]()
    for entry in listed:
        if entry.acceptance is None:
            continue
        standby[entry.cabin] += entry.acceptance.standby
        seated[entry.cabin] += not entry.acceptance.standby
        boarded[entry.cabin] += entry.status in _USED
    return [
        CabinCount(
            cabin=cabin,
            capacity=capacity,
            checked_in=seated[cabin],
            boarded=boarded[cabin],
            standby=standby[cabin],
        )
        for cabin, capacity in capacities.items()
    ]

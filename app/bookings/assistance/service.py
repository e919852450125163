"""Asking for a special service: confirmed or refused at once, and given up with the coupon it is for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, sale_service, standing, telling
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.assistance import rules, store
from app.bookings.assistance.errors import (
    ServiceAlreadyHad,
    ServiceClosed,
    ServiceMalformed,
    ServiceRequestNotFound,
)
from app.bookings.assistance.models import ServiceRequestRow
from app.bookings.assistance.schemas import (
    Refusal,
    ServiceCode,
    ServiceKind,
    ServiceRequest,
    ServiceRequestCreate,
    ServiceRequests,
    ServiceStatus,
)
from app.bookings.models import BookingRow, CouponRow
from app.bookings.schemas import Action
from app.bookings.standing import Standing
from app.core import clock
from app.core.ids import uuid7
from app.core.security import Caller


async def request_service(
    session: AsyncSession, caller: Caller, booking_id: UUID, request: ServiceRequestCreate
) -> ServiceRequest:
    """Ask for a service on one flight. A refusal is an answer too, with its reason.

    Raises BookingNotFound, ServiceClosed, ServiceMalformed, ServiceAlreadyHad."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    at = await standing.read(session, booking, now)
    coupon = _coupon(at, request)
    kind = rules.kind_of(request.code)
    if kind is ServiceKind.UNACCOMPANIED_MINOR and request.age is None:
        raise ServiceMalformed("the age of who travels alone is needed", pointer="/age")
    for known in await store.find_requests(session, booking.id):
        same = (known.passenger_id, known.segment_id, known.kind) == (
            coupon.passenger_id,
            coupon.segment_id,
            kind,
        )
        if same and known.status == ServiceStatus.CONFIRMED:
            raise ServiceAlreadyHad(f"it is {known.code}; cancel it first")
    reason = rules.refusal(_asked(at, coupon, request))
    if reason is None and not await store.take_for_update(
        session, coupon.flight_id, kind, rules.ALLOTTED[kind]
    ):
        reason = Refusal.NONE_LEFT
    return await _write(session, booking, coupon, request.code, reason, now)


async def list_requests(session: AsyncSession, caller: Caller, booking_id: UUID) -> ServiceRequests:
    """Raises BookingNotFound."""
    booking = await get_own_booking(session, booking_id, caller)
    return ServiceRequests(data=[_shown(row) for row in await store.find_requests(session, booking.id)])


async def cancel_request(
    session: AsyncSession, caller: Caller, booking_id: UUID, request_id: UUID
) -> ServiceRequest:
    """Give a service up; one that has ended stays so. Raises BookingNotFound, ServiceRequestNotFound."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    row = await store.find_request(session, request_id)
    if row is None or row.booking_id != booking.id:
        raise ServiceRequestNotFound()
    if row.status == ServiceStatus.CONFIRMED:
        await _end(session, booking, row, now)
    return _shown(await store.find_request(session, request_id) or row)


async def move_requests(
    session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID, segments: Mapping[UUID, UUID]
) -> None:
    """Let services go with their passengers into another booking: the flights stay the same."""
    await store.move_requests(session, passenger_ids, to, segments)


async def release(session: AsyncSession, at: Standing, coupons: Sequence[CouponRow], now: datetime) -> None:
    """Give up what was confirmed for coupons that are given back."""
    gone = {(coupon.passenger_id, coupon.segment_id) for coupon in coupons}
    requests = await store.find_requests(session, at.booking.id)
    # By flight, so that two bookings which give up the same flights' services do not wait in a circle.
    for row in sorted(requests, key=lambda each: (each.flight_id, each.kind)):
        if row.status == ServiceStatus.CONFIRMED and (row.passenger_id, row.segment_id) in gone:
            await _end(session, at.booking, row, now)


def _coupon(at: Standing, request: ServiceRequestCreate) -> CouponRow:
    """The coupon a request is for. Raises ServiceClosed, ServiceMalformed."""
    refusal = action_rules.why_not(Action.REQUEST_SERVICE, at.situation)
    if refusal is not None:
        raise ServiceClosed(refusal)
    own = [coupon for coupon in at.live_coupons if coupon.passenger_id == request.passenger_id]
    if not own:
        raise ServiceMalformed("there is no such passenger with a ticket", pointer="/passenger_id")
    for coupon in own:
        if coupon.segment_id == request.segment_id:
            if at.now >= at.flights[coupon.flight_id].departs_at:
                raise ServiceClosed("the flight has left")
            return coupon
    raise ServiceMalformed("the passenger is not on this segment", pointer="/segment_id")


def _asked(at: Standing, coupon: CouponRow, request: ServiceRequestCreate) -> rules.Asked:
    segment = at.segment(coupon.segment_id)
    legs = [each for each in at.live_segments if each.slice_number == segment.slice_number]
    return rules.Asked(
        code=request.code,
        passenger_type=at.type_of(coupon.passenger_id),
        has_adult=action_rules.has_adult(at.situation),
        connects=len(legs) > 1,
        departs_at=at.flights[coupon.flight_id].departs_at,
        now=at.now,
        age=request.age,
    )


async def _write(
    session: AsyncSession,
    booking: BookingRow,
    coupon: CouponRow,
    code: ServiceCode,
    reason: Refusal | None,
    now: datetime,
) -> ServiceRequest:
    request_id = uuid7()
    status = ServiceStatus.CONFIRMED if reason is None else ServiceStatus.REFUSED
    row = {
        "id": request_id,
        "booking_id": booking.id,
        "passenger_id": coupon.passenger_id,
        "segment_id": coupon.segment_id,
        "flight_id": coupon.flight_id,
        "kind": rules.kind_of(code),
        "code": code,
        "status": status,
        "reason": reason,
        "requested_at": now,
        "ended_at": None if reason is None else now,
    }
    await store.insert_request(session, row)
    # Which service it is stays here: a need for help is not the streams' business.
    payload = {"service_request_id": request_id, "flight_id": coupon.flight_id, "reason": reason}
    await telling.record(
        session, "ServiceConfirmed" if reason is None else "ServiceRefused", booking, payload, now
    )
    written = await store.find_request(session, request_id)
    if written is None:
        raise ServiceRequestNotFound()
    return _shown(written)


async def _end(session: AsyncSession, booking: BookingRow, row: ServiceRequestRow, now: datetime) -> None:
    await store.end_request(session, row.id, now)
    await store.give_back_for_update(session, row.flight_id, ServiceKind(row.kind))
    payload = {"service_request_id": row.id, "flight_id": row.flight_id}
    await telling.record(session, "ServiceCancelled", booking, payload, now)


def _shown(row: ServiceRequestRow) -> ServiceRequest:
    return ServiceRequest(
        id=row.id,
        booking_id=row.booking_id,
        passenger_id=row.passenger_id,
        segment_id=row.segment_id,
        kind=ServiceKind(row.kind),
        code=ServiceCode(row.code),
        status=ServiceStatus(row.status),
        reason=None if row.reason is None else Refusal(row.reason),
        requested_at=row.requested_at,
    )


sale_service.on_take_back(release)

"""Check-in for travellers and boarding for the gate, over HTTP."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.checkin import boarding_service, close_out_service, pass_service, service
from app.checkin.schemas import (
    BoardingPass,
    BoardingPasses,
    BookingCheckIn,
    CheckInRequest,
    ClearStandbyRequest,
    CloseOut,
    DenialOrder,
    DeniedBoarding,
    DenyBoardingRequest,
    GateEntry,
    GateList,
    GoShowRequest,
    ScanRequest,
)
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest
from app.core.ids import BookingId, CouponId, FlightId
from app.core.security import CurrentCaller, CurrentTraveller, Role, require_role

router = APIRouter(prefix="/v1/bookings/{booking_id}", tags=["check-in"], responses=PROBLEM_RESPONSES)
gate = APIRouter(
    prefix="/v1/admin/flights/{flight_id}/boarding",
    tags=["boarding"],
    responses=PROBLEM_RESPONSES,
    dependencies=[require_role(Role.OPERATIONS)],
)

PNG = "image/png"
SVG = "image/svg+xml"


@router.get("/check-in", summary="Read who can check in, and who has", status_code=200)
async def get_check_in(booking_id: BookingId, caller: CurrentTraveller, tx: Transaction) -> BookingCheckIn:
    return await service.get_check_in(tx, caller, booking_id)


@router.post("/check-in", summary="Check in", status_code=200, response_model=BookingCheckIn)
async def check_in(
    booking_id: BookingId,
    request: CheckInRequest,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """From 24 hours to 40 minutes before departure. Everyone named is checked in, or nobody is; who has no
    seat gets one, or waits on standby while the cabin has none."""
    return await key.once(tx, 200, lambda: service.check_in(tx, caller, booking_id, request))


@router.post("/check-in/undo", summary="Take a check-in back", status_code=200, response_model=BookingCheckIn)
async def undo_check_in(
    booking_id: BookingId,
    request: CheckInRequest,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """Passes made before are void. A booking that is checked in must be taken back before it is cancelled."""
    return await key.once(tx, 200, lambda: service.undo_check_in(tx, caller, booking_id, request))


@router.get("/boarding-passes", summary="Read a booking's boarding passes", status_code=200)
async def list_boarding_passes(
    booking_id: BookingId, caller: CurrentTraveller, tx: Transaction
) -> BoardingPasses:
    return await pass_service.list_passes(tx, caller, booking_id)


@router.get("/boarding-passes/{coupon_id}", summary="Read a boarding pass", status_code=200)
async def get_boarding_pass(
    booking_id: BookingId, coupon_id: CouponId, caller: CurrentTraveller, tx: Transaction
) -> BoardingPass:
    return await pass_service.get_pass(tx, caller, booking_id, coupon_id)


@router.get(
    "/boarding-passes/{coupon_id}/barcode.png",
    summary="Read a boarding pass's barcode as a PNG picture",
    status_code=200,
    response_class=Response,
    responses={200: {"content": {PNG: {}}, "description": "A QR code"}},
)
async def get_boarding_pass_png(
    booking_id: BookingId, coupon_id: CouponId, caller: CurrentTraveller, tx: Transaction
) -> Response:
    found = await pass_service.get_pass(tx, caller, booking_id, coupon_id)
    return Response(pass_service.picture(found.barcode, "png"), media_type=PNG)


@router.get(
    "/boarding-passes/{coupon_id}/barcode.svg",
    summary="Read a boarding pass's barcode as an SVG picture",
    status_code=200,
    response_class=Response,
    responses={200: {"content": {SVG: {}}, "description": "A QR code"}},
)
async def get_boarding_pass_svg(
    booking_id: BookingId, coupon_id: CouponId, caller: CurrentTraveller, tx: Transaction
) -> Response:
    found = await pass_service.get_pass(tx, caller, booking_id, coupon_id)
    return Response(pass_service.picture(found.barcode, "svg"), media_type=SVG)


@gate.get("", summary="Read a flight's boarding list", status_code=200)
async def get_boarding_list(flight_id: FlightId, tx: Transaction) -> GateList:
    return await boarding_service.get_gate_list(tx, flight_id)


@gate.post("/scans", summary="Board the passenger of a pass", status_code=200, response_model=GateEntry)
async def scan_boarding_pass(
    flight_id: FlightId, request: ScanRequest, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """A second scan of the same pass is refused with `already_boarded`."""
    return await key.once(tx, 200, lambda: boarding_service.scan(tx, caller, flight_id, request))


@gate.post(
    "/go-shows", summary="Take along a passenger who missed check-in", status_code=200,
    response_model=GateEntry,
)  # fmt: skip
async def take_go_show(
    flight_id: FlightId,
    request: GoShowRequest,
    caller: CurrentCaller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    return await key.once(tx, 200, lambda: boarding_service.take_go_show(tx, caller, flight_id, request))


@gate.post(
    "/standby", summary="Give free seats to passengers on standby", status_code=200, response_model=GateList
)
async def clear_standby(
    flight_id: FlightId,
    request: ClearStandbyRequest,
    caller: CurrentCaller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """In the order of what was paid and who checked in first. After check-in has closed, the seats of
    passengers who have not checked in are given away too."""
    return await key.once(tx, 200, lambda: boarding_service.clear_standby(tx, caller, flight_id, request))


@gate.get("/denial-order", summary="Read who would be denied boarding first", status_code=200)
async def get_denial_order(flight_id: FlightId, tx: Transaction) -> DenialOrder:
    return await close_out_service.get_denial_order(tx, flight_id)


@gate.post("/denials", summary="Deny a passenger boarding", status_code=201, response_model=DeniedBoarding)
async def deny_boarding(
    flight_id: FlightId,
    request: DenyBoardingRequest,
    caller: CurrentCaller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """Ask for volunteers first. Whoever is denied against their will is the one whom the rule names, and
    is paid what 14 CFR 250.5 says."""
    return await key.once(tx, 201, lambda: close_out_service.deny_boarding(tx, caller, flight_id, request))


@gate.post(
    "/close-out", summary="Close a departed flight's boarding", status_code=200, response_model=CloseOut
)
async def close_out_flight(
    flight_id: FlightId, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Boarded passengers have flown, all others did not show or were denied boarding."""
    return await key.once(tx, 200, lambda: close_out_service.close_out(tx, caller, flight_id))

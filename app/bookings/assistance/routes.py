"""Special services over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.bookings.assistance import service
from app.bookings.assistance.schemas import ServiceRequest, ServiceRequestCreate, ServiceRequests
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest
from app.core.ids import BookingId, ServiceRequestId
from app.core.security import CurrentTraveller

router = APIRouter(
    prefix="/v1/bookings/{booking_id}/service-requests", tags=["bookings"], responses=PROBLEM_RESPONSES
)


@router.get("", summary="Read the special services of a booking", status_code=200)
async def list_service_requests(
    booking_id: BookingId, caller: CurrentTraveller, tx: Transaction
) -> ServiceRequests:
    return await service.list_requests(tx, caller, booking_id)


@router.post("", summary="Ask for a special service", status_code=201, response_model=ServiceRequest)
async def request_service(
    booking_id: BookingId,
    request: ServiceRequestCreate,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """Answered at once: `confirmed`, or `refused` with a reason. A flight takes six wheelchairs, thirty
    special meals and two children who travel alone, aged 5 to 14."""
    return await key.once(tx, 201, lambda: service.request_service(tx, caller, booking_id, request))


@router.delete("/{service_request_id}", summary="Give up a special service", status_code=200)
async def cancel_service_request(
    booking_id: BookingId, service_request_id: ServiceRequestId, caller: CurrentTraveller, tx: Transaction
) -> ServiceRequest:
    return await service.cancel_request(tx, caller, booking_id, service_request_id)

"""Webhooks out over HTTP."""

from fastapi import APIRouter, Response

from app.core.db import Transaction
from app.core.etags import IfMatch, tag
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import WebhookDeliveryId, WebhookEndpointId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller
from app.notifications.webhooks import service
from app.notifications.webhooks.schemas import (
    Delivery,
    Endpoint,
    EndpointCreate,
    EndpointUpdate,
    EndpointWithSecret,
)

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["events"], responses=PROBLEM_RESPONSES)


@router.post("", summary="Have events sent to an address of yours", status_code=201)
async def create_webhook_endpoint(
    body: EndpointCreate, caller: CurrentCaller, tx: Transaction
) -> EndpointWithSecret:
    """Signed as Standard Webhooks describes, at least once, in no promised order, and thin: what happened to
    which booking. What is not taken with a 2xx within ten seconds is sent again, less and less often, for
    72 hours. The secret is shown now and never again."""
    return await service.create_endpoint(tx, caller.user_id, body)


@router.get("", summary="List your webhook endpoints", status_code=200)
async def list_webhook_endpoints(
    caller: CurrentCaller, tx: Transaction, paging: PageRequest
) -> Page[Endpoint]:
    return paging.answer(await service.list_endpoints(tx, caller.user_id, paging.window))


@router.get("/{endpoint_id}", summary="Read a webhook endpoint", status_code=200)
async def get_webhook_endpoint(
    endpoint_id: WebhookEndpointId, caller: CurrentCaller, tx: Transaction, response: Response
) -> Endpoint:
    row = await service.get_endpoint(tx, caller.user_id, endpoint_id)
    tag(response, row.version)
    return service.show(row)


@router.patch("/{endpoint_id}", summary="Change a webhook endpoint", status_code=200)
async def update_webhook_endpoint(
    endpoint_id: WebhookEndpointId,
    body: EndpointUpdate,
    caller: CurrentCaller,
    tx: Transaction,
    expected: IfMatch,
    response: Response,
) -> Endpoint:
    """Needs the ETag that was read. One that was disabled and is made active again is sent what happens from
    then on; what it missed is in GET /v1/events."""
    row = await service.update_endpoint(tx, caller.user_id, endpoint_id, body, expected)
    tag(response, row.version)
    return service.show(row)


@router.delete("/{endpoint_id}", summary="End a webhook endpoint", status_code=204)
async def delete_webhook_endpoint(
    endpoint_id: WebhookEndpointId, caller: CurrentCaller, tx: Transaction
) -> None:
    await service.delete_endpoint(tx, caller.user_id, endpoint_id)


@router.post("/{endpoint_id}/secret", summary="Exchange a webhook's secret", status_code=200)
async def rotate_webhook_secret(
    endpoint_id: WebhookEndpointId, caller: CurrentCaller, tx: Transaction
) -> EndpointWithSecret:
    """For 24 hours both the old and the new secret sign each message."""
    return await service.rotate_secret(tx, caller.user_id, endpoint_id)


@router.post("/{endpoint_id}/ping", summary="Send a message to see whether it arrives", status_code=202)
async def ping_webhook_endpoint(
    endpoint_id: WebhookEndpointId, caller: CurrentCaller, tx: Transaction
) -> Delivery:
    """It is sent within seconds; read the delivery log to see what became of it."""
    return await service.ping(tx, caller.user_id, endpoint_id)


@router.get("/{endpoint_id}/deliveries", summary="List what was sent to an endpoint", status_code=200)
async def list_webhook_deliveries(
    endpoint_id: WebhookEndpointId, caller: CurrentCaller, tx: Transaction, paging: PageRequest
) -> Page[Delivery]:
    """The newest first, for thirty days."""
    return paging.answer(await service.list_deliveries(tx, caller.user_id, endpoint_id, paging.window))


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/redeliver", summary="Send a delivery again", status_code=202
)
async def redeliver_webhook(
    endpoint_id: WebhookEndpointId, delivery_id: WebhookDeliveryId, caller: CurrentCaller, tx: Transaction
) -> Delivery:
    return await service.redeliver(tx, caller.user_id, endpoint_id, delivery_id)

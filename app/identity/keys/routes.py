"""API keys over HTTP."""

from datetime import timedelta

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import ApiKeyId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller
from app.identity.keys import service
from app.identity.keys.schemas import ApiKey, ApiKeyCreate, ApiKeyRotation, NewApiKey

router = APIRouter(prefix="/v1/me/api-keys", tags=["identity"], responses=PROBLEM_RESPONSES)


@router.post("", summary="Make an API key", status_code=201)
async def create_api_key(body: ApiKeyCreate, caller: CurrentCaller, tx: Transaction) -> NewApiKey:
    """For programs of a partner. It acts as the account it belongs to, within its scopes."""
    return await service.create_key(tx, caller, body)


@router.get("", summary="List my API keys, the newest first", status_code=200)
async def list_api_keys(caller: CurrentCaller, tx: Transaction, paging: PageRequest) -> Page[ApiKey]:
    return paging.answer(await service.list_keys(tx, caller, paging.window))


@router.get("/{api_key_id}", summary="Read an API key", status_code=200)
async def get_api_key(api_key_id: ApiKeyId, caller: CurrentCaller, tx: Transaction) -> ApiKey:
    """The key itself is never shown again."""
    return await service.get_key(tx, caller, api_key_id)


@router.post("/{api_key_id}/rotate", summary="Replace an API key", status_code=201)
async def rotate_api_key(
    api_key_id: ApiKeyId, body: ApiKeyRotation, caller: CurrentCaller, tx: Transaction
) -> NewApiKey:
    """Both keys work until the overlap is over, so that no call fails while machines change."""
    return await service.rotate_key(tx, caller, api_key_id, timedelta(hours=body.overlap_hours))


@router.delete("/{api_key_id}", summary="Revoke an API key", status_code=204)
async def revoke_api_key(api_key_id: ApiKeyId, caller: CurrentCaller, tx: Transaction) -> None:
    await service.revoke_key(tx, caller, api_key_id)

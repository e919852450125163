"""The log of an API key over HTTP."""

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import ApiKeyId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller
from app.identity.keys.requests import service
from app.identity.keys.requests.schemas import ApiRequest

router = APIRouter(prefix="/v1/me/api-keys", tags=["identity"], responses=PROBLEM_RESPONSES)


@router.get("/{api_key_id}/requests", summary="List what was asked with an API key", status_code=200)
async def list_api_requests(
    api_key_id: ApiKeyId, caller: CurrentCaller, tx: Transaction, paging: PageRequest
) -> Page[ApiRequest]:
    """The newest first, for thirty days, some seconds late. Routes are named by their pattern; addresses,
    queries and bodies are not kept."""
    return paging.answer(await service.list_requests(tx, caller, api_key_id, paging.window))

"""The reference data over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.pages import Page, PageRequest
from app.reference import service
from app.reference.schemas import AirportView

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)

MAX_QUERY_LENGTH = 60
AirportQuery = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_QUERY_LENGTH,
        description="The beginning of a code, or a part of a name or a city",
        examples=["new york"],
    ),
]


@router.get("/airports", summary="List airports", status_code=200)
async def list_airports(
    tx: Transaction, paging: PageRequest, query: AirportQuery = None
) -> Page[AirportView]:
    return paging.answer(await service.list_airports(tx, query, paging.window))

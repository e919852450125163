"""Exchange rates over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.core import clock
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.money import CurrencyCode
from app.pricing.fx import service
from app.pricing.fx.schemas import REFERENCE_CURRENCY, FxRatesView

router = APIRouter(prefix="/v1", tags=["flights"], responses=PROBLEM_RESPONSES)


@router.get("/fx-rates", summary="Read the exchange rates of a day", status_code=200)
async def list_fx_rates(
    tx: Transaction,
    base: Annotated[CurrencyCode, Query(description="What one unit of is converted")] = REFERENCE_CURRENCY,
    day: Annotated[date | None, Query(description="Today, when left out", examples=["2026-03-02"])] = None,
) -> FxRatesView:
    return await service.list_rates(tx, base, day or (await clock.now(tx)).date())

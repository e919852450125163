"""The sandbox's test clock over HTTP."""

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.security import Role, require_role
from app.disruptions import service
from app.disruptions.schemas import Advance, Advanced, TestClockState

router = APIRouter(
    prefix="/v1/admin/test-clock",
    tags=["sandbox"],
    responses=PROBLEM_RESPONSES,
    dependencies=[require_role(Role.SIMULATOR)],
)


@router.post("/advance", summary="Play history up to a moment", status_code=200)
async def advance_test_clock(body: Advance) -> Advanced:
    """Holds dead by then expire, flights meet their outcomes. Timed chores wait until the clock is gone."""
    return await service.advance(body)


@router.get("", summary="Read business time", status_code=200)
async def get_test_clock(tx: Transaction) -> TestClockState:
    return await service.get_clock(tx)


@router.delete("", summary="Return to the wall clock", status_code=204)
async def delete_test_clock(tx: Transaction) -> None:
    await service.return_to_wall_clock(tx)

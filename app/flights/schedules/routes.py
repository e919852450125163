"""The timetable over HTTP, for operations."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import PlainTextResponse

from app.core import etags
from app.core.db import Transaction
from app.core.etags import IfMatch
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import ScheduleId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller, Role, require_role
from app.flights.schedules import service, ssim_service
from app.flights.schedules.schemas import (
    NewSchedule,
    ScheduleEdit,
    ScheduleFilter,
    SchedulesMade,
    ScheduleView,
    SsimImported,
)
from app.flights.schedules.ssim_layout import TimeMode

router = APIRouter(
    prefix="/v1/admin",
    tags=["operations"],
    responses=PROBLEM_RESPONSES,
    dependencies=[require_role(Role.OPERATIONS, Role.ADMIN)],
)

# The first record of a set; 2 to 5 follow, each of 200 columns.
SSIM_HEADER = "1AIRLINE STANDARD SCHEDULE DATA SET".ljust(200) + "\n"
# A year of an airline's records; larger sets travel in parts.
MAX_SSIM_LENGTH = 1_000_000


@router.post("/schedules", summary="Put a flight number into the timetable", status_code=201)
async def create_schedules(body: NewSchedule, caller: CurrentCaller, tx: Transaction) -> SchedulesMade:
    """One schedule for each weekday. No flights are made yet."""
    return await service.create(tx, caller, body)


@router.get("/schedules", summary="List the timetable", status_code=200)
async def list_schedules(
    tx: Transaction,
    paging: PageRequest,
    airline: Annotated[str | None, Query(pattern="^[A-Z0-9]{2}$", examples=["B6"])] = None,
    flight_number: Annotated[str | None, Query(max_length=5, examples=["615"])] = None,
    origin: Annotated[str | None, Query(pattern="^[A-Z]{3}$", examples=["JFK"])] = None,
    destination: Annotated[str | None, Query(pattern="^[A-Z]{3}$", examples=["LAX"])] = None,
    on: Annotated[date | None, Query(description="Those that fly on this local day")] = None,
) -> Page[ScheduleView]:
    asked = ScheduleFilter(airline, flight_number, origin, destination, on)
    return paging.answer(await service.list_page(tx, asked, paging.window))


@router.get("/schedules/{schedule_id}", summary="Read a schedule", status_code=200)
async def get_schedule(schedule_id: ScheduleId, tx: Transaction, response: Response) -> ScheduleView:
    found = await service.get(tx, schedule_id)
    etags.tag(response, found.version)
    return found


@router.patch("/schedules/{schedule_id}", summary="Change a schedule", status_code=200)
async def edit_schedule(
    schedule_id: ScheduleId,
    body: ScheduleEdit,
    caller: CurrentCaller,
    expected: IfMatch,
    tx: Transaction,
    response: Response,
) -> ScheduleView:
    """Times, period or aircraft, for the flights still to be made. What has been made stays as it is."""
    changed = await service.edit(tx, caller, schedule_id, body, expected)
    etags.tag(response, changed.version)
    return changed


@router.delete("/schedules/{schedule_id}", summary="Take a schedule out of the timetable", status_code=204)
async def delete_schedule(
    schedule_id: ScheduleId, caller: CurrentCaller, expected: IfMatch, tx: Transaction
) -> None:
    """Only one that no flight was made from; otherwise end its period."""
    await service.remove(tx, caller, schedule_id, expected)


@router.get(
    "/ssim",
    summary="Export an airline's timetable as SSIM chapter 7",
    status_code=200,
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": SSIM_HEADER}}}},
)
async def export_ssim(
    tx: Transaction,
    airline: Annotated[str, Query(pattern="^[A-Z0-9]{2}$", examples=["B6"])],
    first: Annotated[date, Query(description="The first local day of departure", examples=["2027-03-28"])],
    last: Annotated[date, Query(description="The last one", examples=["2027-10-30"])],
    mode: Annotated[TimeMode, Query(description="U for times in UTC, L for local times")] = TimeMode.LOCAL,
) -> PlainTextResponse:
    """Records of 200 columns, types 1 to 5, with rows of zeros where tapes had blocks."""
    return PlainTextResponse(await ssim_service.export(tx, airline, first, last, mode))


@router.post("/ssim", summary="Import a timetable from SSIM chapter 7", status_code=200)
async def import_ssim(
    body: Annotated[
        str,
        Body(media_type="text/plain", min_length=1, max_length=MAX_SSIM_LENGTH, examples=[SSIM_HEADER]),
    ],
    caller: CurrentCaller,
    tx: Transaction,
    dry_run: Annotated[bool, Query(description="Check and count, but write nothing")] = False,
) -> SsimImported:
    """All of the document or nothing: what is wrong is told by line, as `/(line)/17/37-39`, columns counted
    from 1. Schedules that are there already are not made again, so an import may be repeated."""
    return await ssim_service.import_document(tx, caller, body, is_dry_run=dry_run)

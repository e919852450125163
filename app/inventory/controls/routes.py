"""The controls of inventory over HTTP, for revenue management and its programs."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from app.core.db import Transaction
from app.core.etags import IfMatch, etag_of
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest
from app.core.ids import FlightId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller, Role, require_role
from app.inventory.controls import service
from app.inventory.controls.schemas import (
    BatchResult,
    ControlChange,
    ControlsBatch,
    ControlsUpdate,
    FilteredControls,
    FilteredResult,
    FlightInventory,
)
from app.reference.schemas import AirportCode

router = APIRouter(prefix="/v1/admin", tags=["inventory"], responses=PROBLEM_RESPONSES)

MAY_READ = [require_role(Role.ADMIN, Role.OPERATIONS, Role.ANALYST)]
MAY_SET = [require_role(Role.ADMIN, Role.OPERATIONS)]

LocalDay = Annotated[date, Query(description="A local day of departure", examples=["2026-12-01"])]


@router.get("/inventory", summary="List the inventories of a route", status_code=200, dependencies=MAY_READ)
async def list_inventory(
    origin: AirportCode,
    destination: AirportCode,
    departs_from: LocalDay,
    departs_to: LocalDay,
    tx: Transaction,
    paging: PageRequest,
) -> Page[FlightInventory]:
    """Counters, limits and versions of the flights between two days: what a revenue program decides on."""
    page = await service.list_inventory(tx, origin, destination, departs_from, departs_to, paging.window)
    return paging.answer(page)


@router.get(
    "/flights/{flight_id}/inventory",
    summary="Read a flight's controls and counters",
    status_code=200,
    dependencies=MAY_READ,
)
async def get_flight_inventory(flight_id: FlightId, tx: Transaction, response: Response) -> FlightInventory:
    """The ETag is the version of the controls: give it back as If-Match to change them."""
    found = await service.get_inventory(tx, flight_id)
    response.headers["etag"] = etag_of(found.version)
    return found


@router.put(
    "/flights/{flight_id}/controls",
    summary="Set what a flight's cabins may sell",
    status_code=200,
    dependencies=MAY_SET,
)
async def set_flight_controls(
    flight_id: FlightId,
    update: ControlsUpdate,
    caller: CurrentCaller,
    if_match: IfMatch,
    tx: Transaction,
    response: Response,
) -> FlightInventory:
    """All cabins named, or none. Refused below what is sold and held. Cabins not named stay as they are."""
    present = await service.lock_inventory_for_update(tx, flight_id)
    if_match.ensure(present.version)
    found = await service.set_controls(tx, flight_id, update, caller)
    response.headers["etag"] = etag_of(found.version)
    return found


@router.get(
    "/flights/{flight_id}/controls/history",
    summary="List what was changed on a flight's controls, the newest first",
    status_code=200,
    dependencies=MAY_READ,
)
async def list_control_changes(
    flight_id: FlightId, tx: Transaction, paging: PageRequest
) -> Page[ControlChange]:
    return paging.answer(await service.list_changes(tx, flight_id, paging.window))


@router.post(
    "/inventory/controls",
    summary="Set the controls of many cabins, each on its version",
    status_code=200,
    response_model=BatchResult,
    dependencies=MAY_SET,
)
async def apply_controls(
    batch: ControlsBatch, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Each cabin is applied, or told apart as stale, refused or unknown; none holds up another."""
    return await key.once(tx, 200, lambda: service.apply_batch(tx, batch, caller))


@router.post(
    "/inventory/controls/by-filter",
    summary="Set one rule for a cabin of a route's flights",
    status_code=200,
    response_model=FilteredResult,
    dependencies=MAY_SET,
)
async def apply_controls_by_filter(
    asked: FilteredControls, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """At most 200 flights a call; call again with `after` for the rest. `dry_run` changes nothing."""
    return await key.once(tx, 200, lambda: service.apply_filter(tx, asked, caller))

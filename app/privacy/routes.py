"""Privacy over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.security import CurrentCaller, Role, require_role
from app.privacy import service
from app.privacy.schemas import PersonalExport, RetentionRules

router = APIRouter(prefix="/v1", tags=["privacy"], responses=PROBLEM_RESPONSES)


@router.get("/me/export", summary="Get everything you know of me", status_code=200)
async def export_me(caller: CurrentCaller, tx: Transaction, response: Response) -> PersonalExport:
    """Account, consents, sessions, bookings with their travellers, payments. Each is in the audit log."""
    response.headers["content-disposition"] = 'attachment; filename="contrail-export.json"'
    return await service.export(tx, caller)


@router.delete("/me", summary="Erase me", status_code=204)
async def erase_me(
    caller: CurrentCaller,
    tx: Transaction,
    even_with_trips_ahead: Annotated[
        bool, Query(description="Although nobody can board a booking without names")
    ] = False,
) -> None:
    """Destroys the keys of everything personal, ends all sessions and API keys, and cannot be undone. The
    bookings stay, without names. Needs a log-in or a second factor of the last 15 minutes."""
    await service.erase(tx, caller, even_with_trips_ahead=even_with_trips_ahead)


@router.get(
    "/admin/retention",
    summary="Read how long anything is kept, and why",
    status_code=200,
    dependencies=[require_role(Role.ADMIN, Role.ANALYST)],
)
async def list_retention_rules() -> RetentionRules:
    """A chore applies them every hour."""
    return service.list_rules()

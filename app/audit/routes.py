"""The audit log over HTTP, for those who have to answer for it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from app.audit import actions, chain_service, report_service, search_service, service
from app.audit.rules import UNKNOWN
from app.audit.schemas import (
    ActionName,
    AuditEntry,
    AuditEntryDetail,
    ChainReport,
    ComplianceReport,
    Kind,
    ReportFormat,
)
from app.core.db import Transaction
from app.core.errors import Forbidden
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import AuditEntryId
from app.core.pages import Page, PageRequest
from app.core.security import Role, require_role

router = APIRouter(prefix="/v1/admin/audit", tags=["platform"], responses=PROBLEM_RESPONSES)

readers = require_role(Role.ADMIN, Role.ANALYST)
admins = require_role(Role.ADMIN)

CSV = "text/csv"

From = Annotated[AwareDatetime | None, Query(alias="from", description="From this moment on")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="Before this moment")]


@router.get("", summary="Search the audit log, the newest first", dependencies=[readers], status_code=200)
async def search_audit_log(
    tx: Transaction,
    paging: PageRequest,
    kind: Kind | None = None,
    action: Annotated[ActionName | None, Query()] = None,
    entity_type: Annotated[str | None, Query(max_length=50, examples=["setting"])] = None,
    entity_id: Annotated[str | None, Query(max_length=100, description="A public id, or a key")] = None,
    actor: Annotated[
        str | None, Query(max_length=100, description="usr_..., key_..., bkg_... or a program's name")
    ] = None,
    begins: From = None,
    ends: To = None,
    words: Annotated[
        str | None,
        Query(alias="q", max_length=200, description='Words, "a phrase", -without, this or that'),
    ] = None,
) -> Page[AuditEntry]:
    """Every filter that is given has to fit."""
    question = search_service.Question(kind, action, entity_type, entity_id, actor, begins, ends, words)
    return paging.answer(await search_service.search(tx, question, paging.window))


@router.get(
    "/report",
    summary="Read the compliance report of a period",
    dependencies=[admins],
    status_code=200,
    response_model=ComplianceReport,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The report"}},
)
async def get_compliance_report(
    request: Request,
    tx: Transaction,
    begins: From = None,
    ends: To = None,
    format_: Annotated[
        ReportFormat | None, Query(alias="format", description="By the Accept header when left out")
    ] = None,
) -> Response | ComplianceReport:
    """What was done how often, who holds which role, what was refused, and whether the log is untouched."""
    made = await report_service.report(tx, begins, ends)
    if format_ is None and CSV in request.headers.get("accept", ""):
        format_ = ReportFormat.CSV
    if format_ is not ReportFormat.CSV:
        return made
    headers = {"content-disposition": 'attachment; filename="compliance-report.csv"'}
    return Response(report_service.as_csv(made), media_type=CSV, headers=headers)


@router.get("/chain", summary="Verify the audit log", dependencies=[admins], status_code=200)
async def verify_audit_log(tx: Transaction, begins: From = None, ends: To = None) -> ChainReport:
    """Compute the digests of what was sealed in the period again and compare."""
    return await chain_service.verify(tx, begins, ends)


@router.get("/{entry_id}", summary="Read an audit entry", dependencies=[readers], status_code=200)
async def get_audit_entry(entry_id: AuditEntryId, tx: Transaction) -> AuditEntryDetail:
    """With its place in the chain, once it is sealed."""
    return await search_service.get_entry(tx, entry_id)


def note_denial(request: Request, error: Forbidden) -> None:
    """For `app.state.on_denial`. The route by its pattern: an address may hold what identifies a person."""
    route = getattr(request.scope.get("route"), "path", "unmatched")
    caller = getattr(request.state, "caller", UNKNOWN)
    after = {"method": request.method, "code": error.code}
    service.note(actions.DENIED, "route", route, actor=caller, after=after)

"""What the audit log refuses."""

from app.core.errors import NotFound, Unprocessable


class AuditEntryNotFound(NotFound):
    code = "audit_entry_not_found"
    title = "There is no such audit entry"


class PeriodInvalid(Unprocessable):
    code = "period_invalid"
    title = "This is not a period a report can be made of"

"""What we know of a person: given to them, or destroyed."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import actions
from app.audit import service as audit
from app.bookings.persons import service as persons
from app.core import clock
from app.core.pages import MAX_LIMIT, Window
from app.core.security import Caller
from app.identity import service as identity
from app.identity import session_service as sessions
from app.identity.access import ensure_person
from app.identity.erasure import service as erasure
from app.identity.factors import service as factors
from app.identity.keys import service as keys
from app.privacy.errors import TripsAhead
from app.privacy.retention import apply_rules, shown_rules
from app.privacy.schemas import PersonalExport, RetentionRules

__all__ = ["apply_rules", "erase", "export", "list_rules"]


async def export(session: AsyncSession, caller: Caller) -> PersonalExport:
    """Everything we know of the caller. Raises UserNotFound."""
    user_id, now = ensure_person(caller), await clock.now(session)
    exported, payments = await persons.export_bookings(session, user_id, now)
    document = PersonalExport(
        exported_at=now,
        user=await identity.get_user(session, user_id),
        consents=(await identity.list_consents(session, user_id)).data,
        sessions=(await sessions.list_sessions(session, caller)).data,
        second_factor=await factors.get_status(session, user_id),
        api_keys=(await keys.list_keys(session, caller, Window(limit=MAX_LIMIT))).data,
        bookings=exported,
        payments=payments,
    )
    await audit.record(session, "user.exported", "user", user_id, actor=caller)
    return document


async def erase(session: AsyncSession, caller: Caller, *, even_with_trips_ahead: bool) -> None:
    """Destroy the keys under which the caller, and everybody named in their bookings, is sealed, and every
    hash that would know them again. What remains are bookings of nobody. It cannot be undone.

    Raises FreshLogInRequired, TripsAhead, LastAdmin, UserNotFound. Locks the bookings."""
    user_id = await erasure.ensure_fresh(session, caller)
    now = await clock.now(session)
    if not even_with_trips_ahead and await persons.has_trips_ahead(session, user_id, now):
        raise TripsAhead()
    forgotten = await persons.forget_user(session, user_id)
    await erasure.erase_user(session, user_id)
    await audit.record(session, actions.ERASED, "user", user_id, actor=caller, after={"bookings": forgotten})


def list_rules() -> RetentionRules:
    return RetentionRules(data=shown_rules())

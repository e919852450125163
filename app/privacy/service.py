"""What we know of a person: given to them, or destroyed."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import actions
from app.audit import service as audit
from app.bookings.persons import service as persons
from app.core import clock, vault
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
from app.waitlist import service as waitlist
from app.waitlist.schemas import WaitlistStatus

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
        waitlist=(await waitlist.list_entries(session, user_id, Window(limit=MAX_LIMIT))).data,
        payments=payments,
    )
    await audit.record(session, "user.exported", "user", user_id, actor=caller)
    return document


async def erase(session: AsyncSession, caller: Caller, *, even_with_trips_ahead: bool) -> None:
    """Destroy the keys under which the caller, and everybody named in their bookings, is sealed, and every
    hash that would know them again. What remains are bookings of nobody. It cannot be undone.

    Raises FreshLogInRequired, TripsAhead, LastAdmin, UserNotFound; PaymentInProgress while a waitlist's offer
    is being paid. Locks the bookings."""
    user_id = await erasure.ensure_fresh(session, caller)
    now = await clock.now(session)
    if not even_with_trips_ahead and await persons.has_trips_ahead(session, user_id, now):
        raise TripsAhead()
    await _leave_waitlists(session, user_id)
    forgotten = await persons.forget_user(session, user_id)
    await erasure.erase_user(session, user_id)
    await audit.record(session, actions.ERASED, "user", user_id, actor=caller, after={"bookings": forgotten})


async def _leave_waitlists(session: AsyncSession, user_id: UUID) -> None:
    """Nobody is to be offered seats under a name that is gone."""
    for entry in (await waitlist.list_entries(session, user_id, Window(limit=MAX_LIMIT))).data:
        if entry.status in (WaitlistStatus.WAITING, WaitlistStatus.OFFERED):
            await waitlist.leave(session, user_id, entry.id)
    await vault.erase_people(session, await waitlist.list_subject_ids(session, user_id))


def list_rules() -> RetentionRules:
    return RetentionRules(data=shown_rules())

"""Travel credit: what we owe somebody as travel. One row a credit; nothing is spent twice, because spending
is one conditional update."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events
from app.core.ids import uuid7
from app.core.money import Money
from app.payments import credit_store, journal, rules
from app.payments.errors import TravelCreditNotFound, TravelCreditTooSmall
from app.payments.models import TravelCreditRow
from app.payments.schemas import CreditSource, TravelCredit

# As long as a ticket may be used.
CREDIT_LIFE = timedelta(days=365)
# What comes back to a credit can be spent for at least this long.
RETURN_LIFE = timedelta(days=90)


async def compensate(
    session: AsyncSession, booking_id: UUID, user_id: UUID | None, amount: Money, reason: str, now: datetime
) -> TravelCredit:
    """Give the traveller of a booking travel credit for nothing in return."""
    credit = await issue(session, booking_id, user_id, amount, CreditSource.COMPENSATION, reason, now)
    lines = rules.credit_for_compensation_lines(amount.amount_minor)
    await journal.post(session, lines, amount.currency, booking_id, now)
    return credit


async def issue(
    session: AsyncSession,
    booking_id: UUID,
    user_id: UUID | None,
    amount: Money,
    source: CreditSource,
    reason: str,
    now: datetime,
) -> TravelCredit:
    """Write down a credit; the caller writes where it comes from into the journal: `compensate` here, and
    `refund_service.turn_into_credit`."""
    credit_id = uuid7()
    await credit_store.insert_credit(
        session,
        {
            "id": credit_id,
            "user_id": user_id,
            "booking_id": booking_id,
            "source": source,
            "reason": reason,
            "issued_minor": amount.amount_minor,
            "left_minor": amount.amount_minor,
            "currency": amount.currency,
            "expires_at": now + CREDIT_LIFE,
            "created_at": now,
        },
    )
    credit = await get_credit(session, credit_id)
    await _record(session, "TravelCreditIssued", credit, amount.amount_minor, now)
    return credit


async def get_credit(session: AsyncSession, credit_id: UUID) -> TravelCredit:
    """Raises TravelCreditNotFound."""
    row = await credit_store.find_credit(session, credit_id)
    if row is None:
        raise TravelCreditNotFound()
    return _credit(row)


async def list_credits(session: AsyncSession, user_id: UUID, limit: int = 200) -> list[TravelCredit]:
    """What a user has, the first to expire first."""
    return [_credit(row) for row in await credit_store.find_credits_of(session, user_id, limit)]


async def take_for_update(
    session: AsyncSession, credit_id: UUID, amount_minor: int, currency: str, now: datetime
) -> None:
    """Set part of a credit aside for a payment. Locks the credit.

    Raises TravelCreditTooSmall when so much is not left, it has expired, or is of another currency."""
    if not await credit_store.take_from_credit(session, credit_id, amount_minor, currency, now):
        raise TravelCreditTooSmall()


async def put_back(session: AsyncSession, credit_id: UUID, amount_minor: int, now: datetime) -> None:
    """Give a refund to the credit it was paid from; it lives a while longer if it must."""
    await credit_store.return_to_credit(session, credit_id, amount_minor, now + RETURN_LIFE)


async def expire_credits(session: AsyncSession, now: datetime, limit: int) -> int:
    """Let what nobody spent in time be no longer owed; how many credits."""
    rows = await credit_store.expire_credits(session, now, limit)
    for row, lost_minor in rows:
        lines = rules.credit_expired_lines(lost_minor)
        await journal.post(session, lines, row.currency, row.booking_id, row.expires_at)
        await _record(session, "TravelCreditExpired", _credit(row), lost_minor, row.expires_at)
    return len(rows)


async def _record(
    session: AsyncSession, event_type: str, credit: TravelCredit, amount_minor: int, now: datetime
) -> None:
    payload = {
        "travel_credit_id": credit.id,
        "amount_minor": amount_minor,
        "currency": credit.left.currency,
        "source": credit.source,
    }
    await events.record(
        session,
        event_type,
        "travel_credit",
        credit.id,
        payload,
        booking_id=credit.booking_id,
        occurred_at=now,
    )


def _credit(row: TravelCreditRow) -> TravelCredit:
    return TravelCredit(
        id=row.id,
        user_id=row.user_id,
        booking_id=row.booking_id,
        source=CreditSource(row.source),
        reason=row.reason,
        issued=Money(amount_minor=row.issued_minor, currency=row.currency),
        left=Money(amount_minor=row.left_minor, currency=row.currency),
        expires_at=row.expires_at,
        created_at=row.created_at,
    )

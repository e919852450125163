"""What a hold costs once its price is no longer promised: the price of the moment, never charged unseen."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, standing, store, telling
from app.bookings.access import get_own_booking_for_update
from app.bookings.errors import NotRepriceable, PaymentInProgress, PriceChanged
from app.bookings.models import BookingRow, ItemRow
from app.bookings.schemas import Action, BookingStatus, Repricing
from app.bookings.standing import Standing
from app.core import clock
from app.core.idempotency import RETRY_AFTER_SECONDS
from app.core.money import Money
from app.core.security import Caller
from app.settings import service as settings
from app.settings.registry import CHECKOUT_HOLD


async def reprice(session: AsyncSession, caller: Caller, booking_id: UUID) -> Repricing:
    """Put the price of now in the place of one that was promised until a while ago, and promise it anew.

    Raises BookingNotFound, NotRepriceable, PaymentInProgress."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    at = await standing.read(session, booking, now)
    refusal = action_rules.why_not(Action.REPRICE, at.situation)
    if refusal is not None:
        raise NotRepriceable(refusal)
    if at.is_payment_open:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    before, total_minor = _money(booking, booking.total_minor), _total_now(at)
    promised_until = min(
        booking.payment_required_by, now + await settings.get(session, CHECKOUT_HOLD, at=now)
    )
    # Nothing was paid for these yet: they were an offer, of which row_history keeps what it said.
    await store.delete_items(session, [item.id for item in at.price_items])
    await store.insert_rows(session, ItemRow, at.price_now or [])
    values = {"total_minor": total_minor, "price_guarantee_expires_at": promised_until}
    await store.update_booking(session, booking.id, values)
    await telling.booking_repriced(session, booking, before.amount_minor, total_minor, now)
    return Repricing(
        booking_id=booking.id,
        before=before,
        total=_money(booking, total_minor),
        price_guarantee_expires_at=promised_until,
    )


async def ensure_price_holds(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    """Raises PriceChanged when a hold's promise is over and it costs something else now."""
    if booking.status != BookingStatus.HELD or now < booking.price_guarantee_expires_at:
        return
    at = await standing.read(session, booking, now)
    if at.is_price_stale:
        raise PriceChanged(f"it costs {_total_now(at)} minor units of {booking.currency} now")


def _total_now(at: Standing) -> int:
    others = at.booking.total_minor - sum(item.amount_minor for item in at.price_items)
    return others + sum(int(item["amount_minor"]) for item in at.price_now or [])


def _money(booking: BookingRow, amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency=booking.currency)

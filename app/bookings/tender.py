"""What is paid with: a card, travel credit, or both. Credit is set aside beside the card's payment and
follows its fate; alone it is spent at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import purposes
from app.bookings.access import may_act_for_any
from app.bookings.models import BookingRow
from app.bookings.schemas import TravelCreditUse
from app.core.money import Money
from app.core.security import Caller
from app.payments import credit_service
from app.payments import service as payments
from app.payments.errors import CardNeeded, TravelCreditNotFound, TravelCreditTooSmall
from app.payments.gateways import CREDIT
from app.payments.schemas import Attempt, CardShown, NewPayment, TravelCredit


@dataclass(frozen=True)
class CreditPart:
    """What one travel credit pays."""

    travel_credit_id: UUID
    amount: Money


NO_CARD = CardShown(brand=None, country=None, last4=None)


async def open_payments(
    session: AsyncSession,
    caller: Caller,
    booking: BookingRow,
    new: NewPayment,
    uses: Sequence[TravelCreditUse],
    now: datetime,
) -> Attempt:
    """Write down an attempt to pay `new.amount`, with the credits named and the card for the rest.

    Gives the card's attempt, still to be charged; or the credit's, which has paid. The booking is locked.
    Raises CardNeeded, TravelCreditNotFound, TravelCreditTooSmall, and what the purpose refuses with."""
    if new.decline_code is not None:
        by_credit = new.gateway == CREDIT
        refused = replace(new, travel_credit_id=uses[0].travel_credit_id if by_credit else None)
        return await payments.open_payment(session, refused, booking.user_id, now)
    parts = await _set_aside(session, caller, uses, new.amount, now)
    rest_minor = new.amount.amount_minor - sum(part.amount.amount_minor for part in parts)
    if rest_minor > 0:
        if new.gateway == CREDIT:
            raise CardNeeded(pointer="/gateway")
        rest = Money(amount_minor=rest_minor, currency=new.amount.currency)
        first = await payments.open_payment(session, replace(new, amount=rest), booking.user_id, now)
    else:
        first = await payments.open_payment(session, _by_credit(new, parts.pop(0)), booking.user_id, now)
    for part in parts:
        beside = replace(_by_credit(new, part), beside_id=first.id)
        await payments.open_payment(session, beside, booking.user_id, now)
    return first if first.travel_credit_id is None else await _spend(session, booking, first, now)


async def _spend(session: AsyncSession, booking: BookingRow, attempt: Attempt, now: datetime) -> Attempt:
    """Credit that pays all of it: a refusal of the purpose undoes the payment with everything else."""
    done = payments.Charge(payments.ChargeStatus.CAPTURED, reference="")
    spent = await payments.capture(session, attempt, done, booking.user_id, now)
    await purposes.purpose_named(spent.purpose).apply(session, booking, spent.purpose_id, spent, now)
    return spent


async def _set_aside(
    session: AsyncSession, caller: Caller, uses: Sequence[TravelCreditUse], due: Money, now: datetime
) -> list[CreditPart]:
    parts, left_minor = [], due.amount_minor
    # In one order of locks, so that two payments never wait for each other's credits.
    for use in sorted(uses, key=lambda use: use.travel_credit_id):
        credit = await credit_service.get_credit(session, use.travel_credit_id)
        if not _may_spend(caller, credit):
            raise TravelCreditNotFound()
        wanted_minor = credit.left.amount_minor if use.amount_minor is None else use.amount_minor
        if wanted_minor == 0:
            raise TravelCreditTooSmall()
        part_minor = min(wanted_minor, left_minor)
        if part_minor == 0:
            break
        await credit_service.take_for_update(session, credit.id, part_minor, due.currency, now)
        parts.append(CreditPart(credit.id, Money(amount_minor=part_minor, currency=due.currency)))
        left_minor -= part_minor
    return parts


def _may_spend(caller: Caller, credit: TravelCredit) -> bool:
    """Its owner, a guest of the booking it came from, or an agent."""
    if may_act_for_any(caller):
        return True
    user_id = caller.acting_user_id
    return credit.booking_id == caller.booking_id if user_id is None else credit.user_id == user_id


def _by_credit(new: NewPayment, part: CreditPart) -> NewPayment:
    return replace(
        new, gateway=CREDIT, amount=part.amount, card=NO_CARD, travel_credit_id=part.travel_credit_id
    )

"""What asks a provider. Takes no session, so that it cannot run inside a transaction.

None stands for: no answer came, so nobody knows yet; the chore asks again."""

from datetime import timedelta

from app.core.ids import encode
from app.payments.errors import CardUnknown, GatewayUnavailable
from app.payments.gateways import gateway_named
from app.payments.gateways.base import Card, Charge, ChargeStatus, NotAsked, ResultUnknown
from app.payments.schemas import Attempt
from app.payments.showing import order_of

GATEWAY_RETRY = timedelta(seconds=5)
# The decline code of an attempt whose provider could not be reached, so that nothing was charged.
UNREACHABLE_CODE = "gateway_unavailable"


async def look_up_card(gateway: str, token: str | None) -> Card:
    """Ask what a token stands for; a provider whose customers choose how to pay at its own page needs none.

    Raises GatewayUnknown, CardUnknown, GatewayUnavailable."""
    try:
        card = await gateway_named(gateway).look_up(token or "")
    except ResultUnknown:
        raise GatewayUnavailable(retry_after_seconds=int(GATEWAY_RETRY.total_seconds())) from None
    if card is None:
        raise CardUnknown(pointer="/card_token")
    return card


async def charge(attempt: Attempt, token: str | None, return_url: str | None = None) -> Charge | None:
    """Ask for the money, under the payment's id."""
    order = order_of(attempt, key_of(attempt), token, return_url)
    try:
        return await gateway_named(attempt.shown.gateway).charge(order)
    except NotAsked:
        # This very call was the only one that could have asked, and it did not.
        return Charge(ChargeStatus.FAILED, reference="", decline_code=UNREACHABLE_CODE)
    except ResultUnknown:
        return None


async def ask_result(attempt: Attempt) -> Charge | None:
    """What became of an attempt; one the provider never saw is voided for good."""
    try:
        return await gateway_named(attempt.shown.gateway).settle(order_of(attempt, key_of(attempt)))
    except ResultUnknown:
        return None


async def capture(attempt: Attempt) -> Charge | None:
    """Take what was set aside."""
    try:
        return await gateway_named(attempt.shown.gateway).capture(order_of(attempt, key_of(attempt)))
    except ResultUnknown:
        return None


async def void(attempt: Attempt) -> Charge | None:
    """Let go what was set aside, or is waiting for the customer. What was captured stays so."""
    try:
        return await gateway_named(attempt.shown.gateway).void(order_of(attempt, key_of(attempt)))
    except ResultUnknown:
        return None


def key_of(attempt: Attempt) -> str:
    """Our name for the charge at its provider; a payment that was divided shares the charge of the first."""
    return encode("pay", attempt.shared_from or attempt.id)

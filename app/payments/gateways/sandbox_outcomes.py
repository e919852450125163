"""What the sandbox's card tokens do: `tok_<outcome>_<COUNTRY>_<fingerprint>`, for example tok_ok_US_4242.

The one list of them: the sandbox gateway acts by it, and GET /v1/sandbox/outcomes shows it."""

import re
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    OK = "ok"
    DECLINED = "declined"
    INSUFFICIENT = "insufficient"
    CVV = "cvv"
    EXPIRED = "expired"
    TIMEOUT = "timeout"
    DOWN = "down"
    LATE = "late"
    LATE_FAIL = "late_fail"
    THREE_DS = "3ds"
    THREE_DS_FAIL = "3ds_fail"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    REFUND_REFUSED = "refund_refused"
    PARTIAL_REFUND_REFUSED = "partial_refund_refused"
    REFUND_SLOW = "refund_slow"


DECLINE_CODES = {
    Outcome.DECLINED: "card_declined",
    Outcome.INSUFFICIENT: "insufficient_funds",
    Outcome.CVV: "incorrect_cvv",
    Outcome.EXPIRED: "expired_card",
    Outcome.LATE_FAIL: "card_declined",
    Outcome.THREE_DS_FAIL: "authentication_failed",
}

WHAT_HAPPENS = {
    Outcome.OK: "Captured at once",
    Outcome.DECLINED: "Refused",
    Outcome.INSUFFICIENT: "Refused: too little money",
    Outcome.CVV: "Refused: wrong security code",
    Outcome.EXPIRED: "Refused: the card has expired",
    Outcome.TIMEOUT: "The money moves and the answer never comes, nor a webhook; settled a minute later",
    Outcome.DOWN: "The gateway answers 503 and charges nothing",
    Outcome.LATE: "No result yet; captured later, told by a webhook",
    Outcome.LATE_FAIL: "No result yet; refused later, told by a webhook",
    Outcome.THREE_DS: "The customer must act first: open next_action.url, approve, then confirm the payment",
    Outcome.THREE_DS_FAIL: "The customer must act first, and fails whatever is done",
    Outcome.DISPUTE: "Captured, then disputed: told by a webhook; stays open until it is closed by hand",
    Outcome.DISPUTE_WON: "Captured, disputed, and the dispute won: two webhooks",
    Outcome.DISPUTE_LOST: "Captured, disputed, and the dispute lost: two webhooks",
    Outcome.REFUND_REFUSED: "Captured; every refund of it is refused",
    Outcome.PARTIAL_REFUND_REFUSED: "Captured; only a refund of the whole is done",
    Outcome.REFUND_SLOW: "Captured; its refunds are on their way until a webhook says that they are done",
}

# A longer name first: dispute_won is not a dispute of country "won".
_NAMES = "|".join(sorted(Outcome, key=len, reverse=True))
TOKEN = re.compile(rf"^tok_({_NAMES})_([A-Z]{{2}})_([A-Za-z0-9]{{1,64}})$")


class SandboxCard(NamedTuple):
    outcome: Outcome
    country: str
    fingerprint: str


def read_token(token: str) -> SandboxCard | None:
    """What a card token stands for; None when there is no such card."""
    match = TOKEN.match(token)
    return SandboxCard(Outcome(match[1]), match[2], match[3]) if match else None

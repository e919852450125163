"""Deliver what is due by mail; the chores alone do, so only they import what it takes to send and write.

A request is claimed in one transaction, sent outside of any, and marked in another. Whoever dies between
sending and marking lets the claim lapse, and the message goes out again under the same Message-ID."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from app.core import vault
from app.core.config import get_settings
from app.core.db import transaction
from app.flights import service as flights
from app.flights.schemas import FlightView
from app.identity.recovery import service as recovery
from app.notifications import store
from app.notifications.letters import ADDRESSES, PROOFS, LetterImpossible, write_letter
from app.notifications.rules import MAX_ATTEMPTS, wait_after
from app.notifications.schemas import Claim

MESSAGE_ID_DOMAIN = "contrail.example"
CLAIM_LIFE = timedelta(seconds=60)
SMTP_TIMEOUT_SECONDS = 10
# A batch is sent one by one; even if each takes the whole timeout, none outlives its claim.
BATCH = 5
# Then the chore begins anew, so that a long backlog does not look like a chore that hangs.
MAX_BATCHES = 200
# A request's created_at is taken before its transaction commits; the streams' may last 30 s.
LATE_COMMIT = timedelta(minutes=5)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
UNKNOWN_RECIPIENT = "the recipient is no longer known"
TOKEN_ENDED = "its token has ended or was used"
TOO_MANY_ATTEMPTS = "given up after a crash in every attempt"

log = structlog.get_logger(__name__)


class Deliverer:
    """Remembers up to when every request has been claimed, so that a look for new ones stays short."""

    def __init__(self) -> None:
        self._claimed_before = BEGINNING

    async def deliver_due(self) -> int:
        """Send every message that is due. Returns how many were accepted by the mail server.

        Raises OSError or SMTPException when the server cannot be reached; nothing is claimed then."""
        sent = 0
        for _ in range(MAX_BATCHES):
            due = await self._find_due()
            if not due:
                break
            settings = get_settings()
            # Connected first: that the server is down is no message's failure.
            smtp = SMTP(hostname=settings.smtp_host, port=settings.smtp_port, timeout=SMTP_TIMEOUT_SECONDS)
            async with smtp:
                sent += await _deliver(smtp, due)
        return sent

    async def _find_due(self) -> list[UUID]:
        async with transaction() as session:
            now = await store.database_time(session)
            new = await store.find_new(session, self._claimed_before, BATCH)
            lapsed = await store.find_lapsed(session, BATCH - len(new))
        if not new:
            self._claimed_before = now - LATE_COMMIT
        return [*new, *lapsed]


async def _deliver(smtp: SMTP, request_ids: list[UUID]) -> int:
    async with transaction() as session:
        rows = await store.claim(session, request_ids, CLAIM_LIFE, MESSAGE_ID_DOMAIN)
    claims = [Claim(**row._mapping) for row in rows]
    async with transaction() as session:
        people = await vault.get_people(session, [claim.subject_id for claim in claims])
        flown = await flights.get_flights(session, [key for claim in claims for key in _flight_ids(claim)])
    sent = 0
    for claim in claims:
        person = people.get(claim.subject_id, {})
        if claim.attempts > MAX_ATTEMPTS:
            await _give_up(claim, TOO_MANY_ATTEMPTS)
        elif ADDRESSES.get(claim.template, "email") not in person:
            await _give_up(claim, UNKNOWN_RECIPIENT)
        else:
            sent += await _send(
                smtp, claim, person, [flown[key] for key in _flight_ids(claim) if key in flown]
            )
    return sent


async def _send(smtp: SMTP, claim: Claim, person: dict[str, str], flown: list[FlightView]) -> int:
    token = None
    if claim.template in PROOFS:
        async with transaction() as session:
            token_id = UUID(str(claim.payload["mail_token_id"]))
            token = await recovery.open_token(session, PROOFS[claim.template], token_id)
        if token is None:
            await _give_up(claim, TOKEN_ENDED)
            return 0
    try:
        letter = write_letter(claim, person, flown, get_settings().mail_sender, datetime.now(UTC), token)
    except LetterImpossible as error:
        await _give_up(claim, str(error))
        return 0
    try:
        await smtp.send_message(letter)
    except (SMTPException, OSError) as error:
        await _try_later(claim, error)
        return 0
    async with transaction() as session:
        await store.mark_sent(session, claim.request_id)
    return 1


async def _try_later(claim: Claim, error: Exception) -> None:
    """The server's words may hold the address, and deliveries are captured: kind and code are enough."""
    kind = type(error).__name__
    if isinstance(error, SMTPResponseException):
        kind = f"{kind} {error.code}"
    if claim.attempts >= MAX_ATTEMPTS:
        await _give_up(claim, kind)
        return
    log.warning("mail_not_sent", request_id=str(claim.request_id), error=kind, attempts=claim.attempts)
    async with transaction() as session:
        await store.mark_retry(session, claim.request_id, wait_after(claim.attempts), kind)


async def _give_up(claim: Claim, error: str) -> None:
    log.error("mail_given_up", request_id=str(claim.request_id), error=error)
    async with transaction() as session:
        await store.mark_failed(session, claim.request_id, error)


def _flight_ids(claim: Claim) -> list[UUID]:
    return [UUID(key) for key in claim.payload.get("flight_ids", [])]

"""How long anything is kept: one table of rules, which a chore carries out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.guests import service as guests
from app.bookings.persons import service as persons
from app.core import clock
from app.identity.erasure import service as accounts
from app.identity.keys import service as keys
from app.identity.recovery import service as recovery
from app.privacy.schemas import RetentionRule

# (session, business time, how long kept, at most so many) -> how many were dealt with
Sweep = Callable[[AsyncSession, datetime, timedelta, int], Awaitable[int]]


@dataclass(frozen=True)
class Rule:
    """One kind of row. `tables` are those that lose rows or what is personal in them."""

    name: str
    tables: tuple[str, ...]
    kept: timedelta
    counted_from: str
    reason: str
    sweep: Sweep


def by_real_time(sweep: Callable[[AsyncSession, timedelta, int], Awaitable[int]]) -> Sweep:
    """For what lives by the database's own clock: tokens, sessions, guesses."""

    async def run(session: AsyncSession, now: datetime, kept: timedelta, limit: int) -> int:
        return await sweep(session, kept, limit)

    return run


RULES = (
    Rule(
        "unpaid_bookings",
        ("vault.people", "app.bookings", "app.payments"),
        timedelta(days=90),
        "the end of the hold",
        "Nobody bought anything; a complaint about a hold comes within a season.",
        persons.forget_unpaid,
    ),
    Rule(
        "travelled_bookings",
        ("vault.people", "app.bookings", "app.payments"),
        timedelta(days=4 * 365),
        "the booking",
        "A flight lies up to a year ahead, and claims may be made for three years after it.",
        persons.forget_old,
    ),
    Rule(
        "session_origins",
        ("vault.session_origins",),
        timedelta(0),
        "the end of the session",
        "From where somebody was logged in serves nobody once they are not.",
        by_real_time(accounts.sweep_origins),
    ),
    Rule(
        "ended_sessions",
        ("app.sessions",),
        timedelta(days=90),
        "the end of the session",
        "Long enough to look into an account that was taken over.",
        by_real_time(accounts.sweep_sessions),
    ),
    Rule(
        "mail_tokens",
        ("app.mail_tokens",),
        timedelta(days=30),
        "the end of the token",
        "To tell a person who asks why they were written to.",
        by_real_time(recovery.sweep_tokens),
    ),
    Rule(
        "guest_attempts",
        ("app.guest_attempts",),
        timedelta(days=1),
        "the end of the window",
        "A count is of no use once its window is over.",
        by_real_time(guests.sweep_attempts),
    ),
    Rule(
        "ended_api_keys",
        ("app.api_keys",),
        timedelta(days=400),
        "the end of the key",
        "So that a year's requests can be named by the key that made them.",
        by_real_time(keys.sweep_keys),
    ),
)


async def apply_rules(session: AsyncSession, limit: int) -> int:
    """Apply every rule once, to a bounded lot each. Returns how many rows were dealt with."""
    now = await clock.now(session)
    return sum([await rule.sweep(session, now, rule.kept, limit) for rule in RULES])


def shown_rules() -> list[RetentionRule]:
    return [
        RetentionRule(
            name=rule.name,
            tables=list(rule.tables),
            kept_days=rule.kept.days,
            counted_from=rule.counted_from,
            reason=rule.reason,
        )
        for rule in RULES
    ]

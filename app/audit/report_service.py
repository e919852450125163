"""What an auditor asks of a period, as JSON and as CSV."""

import csv
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import actions, chain_service, store
from app.audit.errors import PeriodInvalid
from app.audit.schemas import ActionCount, AuditEntry, ComplianceReport, Kind, RoleHolders
from app.audit.search_service import entry_of
from app.core.ids import encode

DEFAULT_PERIOD = timedelta(days=30)
LONGEST_PERIOD = timedelta(days=366)
# More changes than anybody reads; the counts are complete in any case.
MAX_LISTED = 1_000

CSV_HEADER = ("section", "name", "figure", "at", "actor", "entity", "detail")

# Roles are kept by a domain above this one, which says here how to ask it.
HoldersOfRoles = Callable[[AsyncSession], Awaitable[Mapping[str, tuple[int, list[UUID]]]]]
_holders_of_roles: list[HoldersOfRoles] = []


def tell_roles_by(ask: HoldersOfRoles) -> None:
    """Have the report ask `ask` who holds which role: role -> (how many, the users to name)."""
    _holders_of_roles[:] = [ask]


async def report(session: AsyncSession, begins: datetime | None, ends: datetime | None) -> ComplianceReport:
    """Everything of [begins, ends), the last 30 days by default. Raises PeriodInvalid."""
    now = datetime.now(UTC)
    ends = ends or now
    begins = begins or ends - DEFAULT_PERIOD
    if not timedelta() < ends - begins <= LONGEST_PERIOD:
        raise PeriodInvalid(f"a period has at most {LONGEST_PERIOD.days} days", pointer="/(query)/from")
    counts = await store.count_actions(session, begins, ends)
    by_action: dict[str, int] = {}
    for row in counts:
        by_action[row.action] = by_action.get(row.action, 0) + row.entries
    role_changes = await _listed(session, begins, ends, actions.ROLE_CHANGES)
    setting_changes = await _listed(session, begins, ends, actions.SETTING_CHANGES)
    return ComplianceReport(
        begins=begins,
        ends=ends,
        made_at=now,
        entries=sum(by_action.values()),
        log_ins=_sum(by_action, actions.LOG_INS),
        failed_log_ins=_sum(by_action, actions.FAILED_LOG_INS),
        lock_outs=_sum(by_action, actions.LOCK_OUTS),
        denials=_sum(by_action, actions.DENIALS),
        tokens_reused=_sum(by_action, actions.REUSES),
        erasures=_sum(by_action, actions.ERASURES),
        actions=[
            ActionCount(action=row.action, kind=Kind(row.kind), count=row.entries, actors=row.actors)
            for row in counts
        ],
        roles=await _roles(session),
        role_changes=role_changes[:MAX_LISTED],
        setting_changes=setting_changes[:MAX_LISTED],
        is_shortened=max(len(role_changes), len(setting_changes)) > MAX_LISTED,
        chain=await chain_service.verify(session, begins, ends),
    )


def as_csv(made: ComplianceReport) -> str:
    """The report as one table: a line a figure, a holder or a change. One with no figure leaves it empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    for line in _lines(made):
        writer.writerow([_harmless(line.get(column, "")) for column in CSV_HEADER])
    return text.getvalue()


async def _listed(
    session: AsyncSession, begins: datetime, ends: datetime, names: frozenset[str]
) -> list[AuditEntry]:
    rows = await store.list_actions(session, begins, ends, sorted(names), MAX_LISTED + 1)
    return [entry_of(row) for row in rows]


async def _roles(session: AsyncSession) -> list[RoleHolders]:
    return [
        RoleHolders(role=role, count=count, users=users)
        for ask in _holders_of_roles
        for role, (count, users) in sorted((await ask(session)).items())
    ]


def _sum(counts: Mapping[str, int], names: frozenset[str]) -> int:
    return sum(counts.get(name, 0) for name in names)


def _lines(made: ComplianceReport) -> Iterator[dict[str, Any]]:
    period = f"{made.begins.isoformat()} to {made.ends.isoformat()}"
    for name in ("entries", "log_ins", "failed_log_ins", "lock_outs", "denials", "tokens_reused", "erasures"):
        yield {"section": "summary", "name": name, "figure": getattr(made, name), "detail": period}
    for each in made.actions:
        detail = f"{each.actors} users"
        yield {"section": "action", "name": each.action, "figure": each.count, "detail": detail}
    for holders in made.roles:
        yield {"section": "role", "name": holders.role, "figure": holders.count}
        for user in holders.users:
            yield {"section": "role_holder", "name": holders.role, "entity": encode("usr", user)}
    for section, entries in (("role_change", made.role_changes), ("setting_change", made.setting_changes)):
        for entry in entries:
            yield {
                "section": section,
                "name": entry.action,
                "at": entry.recorded_at.isoformat(),
                "actor": encode("usr", entry.actor.user_id) if entry.actor.user_id else entry.actor.name,
                "entity": entry.entity_id,
                "detail": f"{entry.before} -> {entry.after}: {entry.reason or 'no reason given'}",
            }
    chain = made.chain
    verdict = chain.problem or "as it was sealed"
    yield {"section": "chain", "name": "verified", "figure": chain.links_checked, "detail": verdict}
    yield {"section": "chain", "name": "head", "figure": chain.head_position, "detail": chain.head_digest}


def _harmless(value: Any) -> str:
    """A spreadsheet would carry out a cell that begins like a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text

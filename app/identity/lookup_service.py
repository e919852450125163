"""By what a log-in is found: made anew when the vault's master key changes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import vault
from app.core.hashes import normalise_email
from app.identity import store


async def rekey_logins(
    session: AsyncSession, after: UUID | None, limit: int, *, is_dry: bool = False
) -> tuple[int, UUID | None]:
    """Make up to `limit` look-ups anew under the current master key: how many had to be, and the last user
    looked at; None when all have been."""
    rows = await store.list_lookups(session, after, limit)
    people = await vault.get_people(session, [row.user_id for row in rows])
    changed = 0
    for row in rows:
        if row.user_id not in people:
            continue
        wanted = vault.lookups("email", normalise_email(people[row.user_id]["email"]))[0]
        if bytes(row.email_lookup) != wanted:
            changed += 1
            if not is_dry:
                await store.set_lookup(session, row.user_id, row.email_lookup, wanted)
    return changed, rows[-1].user_id if rows else None

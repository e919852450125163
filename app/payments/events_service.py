"""Which webhooks have been taken."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.payments import store


async def claim(session: AsyncSession, gateway: str, event_id: str, kind: str) -> bool:
    """Take an event for this transaction. False: it was taken before. A twin that comes at the same moment
    waits until the first has committed, and takes its place when that one rolls back."""
    return await store.claim_event(session, gateway, event_id, kind)


async def note(session: AsyncSession, gateway: str, event_id: str, outcome: str) -> None:
    """Keep what became of it."""
    await store.note_event(session, gateway, event_id, outcome)


async def sweep_events(session: AsyncSession, limit: int) -> int:
    """Forget events older than any provider repeats them; how many."""
    return await store.sweep_events(session, store.EVENT_LIFE, limit)

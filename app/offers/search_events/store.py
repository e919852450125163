"""Writing search events, many in one statement."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_INSERT = text("""
    insert into app.search_events
    select * from jsonb_populate_recordset(null::app.search_events, cast(:rows as jsonb))
    on conflict do nothing
""")


async def insert_events(session: AsyncSession, documents: Sequence[str]) -> None:
    """Rows as JSON objects that name every column. A row that is there already stays as it is."""
    await session.execute(_INSERT, {"rows": f"[{','.join(documents)}]"})

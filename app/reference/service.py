"""Looking up airports."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pages import Page, Window, page_of
from app.reference import store
from app.reference.schemas import AirportView


async def list_airports(session: AsyncSession, query: str | None, window: Window) -> Page[AirportView]:
    """A page of airports by code, all or those a traveller may mean by `query`."""
    rows = await store.list_airports(session, query, window)
    airports = [AirportView(**row._mapping) for row in rows]
    return page_of(airports, window, [airport.code for airport in airports])


async def find_airports(session: AsyncSession, codes: Sequence[str]) -> dict[str, AirportView]:
    """Those of the codes that are airports of ours."""
    return {row.code: AirportView(**row._mapping) for row in await store.find_airports(session, codes)}

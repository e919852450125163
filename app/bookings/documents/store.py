"""What documents read and write: one statement each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.documents.models import DocumentName, DocumentRow, DocumentSeries


async def find_documents(session: AsyncSession, booking_id: UUID) -> Sequence[DocumentRow]:
    """A booking's documents in the order they were issued in."""
    statement = (
        select(DocumentRow).where(col(DocumentRow.booking_id) == booking_id).order_by(col(DocumentRow.id))
    )
    return (await session.scalars(statement)).all()


async def find_names(session: AsyncSession, document_id: UUID) -> Sequence[DocumentName]:
    statement = select(DocumentName).where(col(DocumentName.document_id) == document_id)
    return (await session.scalars(statement)).all()


async def take_number_for_update(session: AsyncSession, series: str) -> int:
    """The next number of a series. The row stays locked until the commit, and a rollback gives the number
    back: so the series has no gaps, and its documents are issued one after another."""
    statement = upsert(DocumentSeries).values(series=series, last_number=1)
    statement = statement.on_conflict_do_update(
        index_elements=["series"], set_={"last_number": DocumentSeries.last_number + 1}
    )
    return (await session.scalars(statement.returning(col(DocumentSeries.last_number)))).one()


async def insert_document(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(DocumentRow).values(values))


async def insert_names(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(DocumentName), rows)

"""A booking's documents over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from app.bookings.documents import service
from app.bookings.documents.schemas import DocumentFile, Documents, File
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import BookingId, DocumentId
from app.core.security import CurrentTraveller

router = APIRouter(
    prefix="/v1/bookings/{booking_id}/documents", tags=["documents"], responses=PROBLEM_RESPONSES
)
FILES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"application/pdf": {}, "text/calendar": {}},
        "description": "The file. `Document-Original: false` once a name on it has been erased",
    },
    304: {"description": "The file whose ETag was sent"},
}
IfNoneMatch = Annotated[str | None, Header(description="The ETag of the file you have")]


def _answer(file: File, if_none_match: str | None) -> Response:
    etag = f'"{file.sha256}"'
    if if_none_match == etag:
        return Response(status_code=304, headers={"etag": etag})
    headers = {
        "etag": etag,
        "content-disposition": f'attachment; filename="{file.name}"',
        "document-original": str(file.is_original).lower(),
    }
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.get("", summary="List a booking's documents", status_code=200)
async def list_documents(booking_id: BookingId, caller: CurrentTraveller, tx: Transaction) -> Documents:
    """What is due is issued on the way: after ticketing a receipt, an invoice and a calendar, after a refund
    a credit note."""
    return await service.list_documents(tx, caller, booking_id)


@router.get(
    "/{name}",
    summary="Read the newest document of a kind",
    status_code=200,
    response_class=Response,
    responses=FILES,
)
async def get_newest_document(
    booking_id: BookingId,
    name: Annotated[DocumentFile, Path(examples=["receipt.pdf"])],
    caller: CurrentTraveller,
    tx: Transaction,
    if_none_match: IfNoneMatch = None,
) -> Response:
    return _answer(await service.get_newest(tx, caller, booking_id, name), if_none_match)


@router.get(
    "/{document_id}/file",
    summary="Read a document as it was issued",
    status_code=200,
    response_class=Response,
    responses=FILES,
)
async def get_document_file(
    booking_id: BookingId,
    document_id: DocumentId,
    caller: CurrentTraveller,
    tx: Transaction,
    if_none_match: IfNoneMatch = None,
) -> Response:
    return _answer(await service.get_file(tx, caller, booking_id, document_id), if_none_match)

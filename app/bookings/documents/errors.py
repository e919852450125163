"""What documents refuse."""

from app.core.errors import NotFound


class DocumentNotFound(NotFound):
    code = "document_not_found"
    title = "The booking has no such document"

"""What offers refuse."""

from app.core.errors import Conflict, DomainError, NotFound, Unavailable, Unprocessable


class OfferNotFound(NotFound):
    code = "offer_not_found"
    title = "There is no such offer"


class OfferExpired(Conflict):
    code = "offer_expired"
    title = "The offer has expired; search again"


class AirportUnknown(Unprocessable):
    code = "airport_unknown"
    title = "No airport of ours has this code"


class SearchBusy(Unavailable):
    code = "search_busy"
    title = "Too many searches are waiting to be written"


class SourceFailed(DomainError):
    """The source did not answer, or not as its contract says."""

    status = 502
    code = "source_failed"
    title = "The source of outside offers did not answer as it should"

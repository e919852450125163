"""What offers refuse."""

from app.core.errors import Conflict, NotFound, Unavailable, Unprocessable


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

"""What flights refuse."""

from app.core.errors import Conflict, NotFound, TooManyRequests, Unavailable


class FlightNotFound(NotFound):
    code = "flight_not_found"
    title = "There is no such flight"


class FlightClosed(Conflict):
    code = "flight_closed"
    title = "The flight is no longer for sale"


class StreamsExhausted(Unavailable):
    code = "streams_exhausted"
    title = "As many streams are open as this process carries"


class TooManyStreams(TooManyRequests):
    code = "too_many_streams"
    title = "The caller has too many streams open"


class StatusRefused(Conflict):
    code = "flight_status_refused"
    title = "The flight cannot go from its state to this one"

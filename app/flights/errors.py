"""What flights refuse."""

from app.core.errors import Conflict, NotFound


class FlightNotFound(NotFound):
    code = "flight_not_found"
    title = "There is no such flight"


class FlightClosed(Conflict):
    code = "flight_closed"
    title = "The flight is no longer for sale"

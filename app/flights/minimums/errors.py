"""What stating connection times is refused."""

from app.core.errors import NotFound


class AirportNotFound(NotFound):
    code = "airport_not_found"
    title = "There is no such airport"

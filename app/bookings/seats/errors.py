"""What choosing seats refuses."""

from app.core.errors import Conflict, Unprocessable


class SeatsClosed(Conflict):
    code = "seats_closed"
    title = "Seats of this flight can no longer be chosen"


class SeatChoiceInvalid(Unprocessable):
    code = "seat_choice_invalid"
    title = "The choice names a passenger or segment twice, or one that is not of this booking"

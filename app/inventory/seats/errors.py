"""What seats by number refuse."""

from app.core.errors import Conflict, Unprocessable


class SeatTaken(Conflict):
    code = "seat_taken"
    title = "Somebody else has this seat"


class InfantBlockTaken(Conflict):
    code = "infant_block_taken"
    title = "Another infant already travels in this block of seats"


class SeatUnknown(Unprocessable):
    code = "seat_unknown"
    title = "There is no such seat in this cabin"


class SeatNotAllowed(Unprocessable):
    code = "seat_not_allowed"
    title = "This passenger may not sit there"

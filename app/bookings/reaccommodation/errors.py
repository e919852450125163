"""What re-accommodation refuses."""

from app.core.errors import Conflict


class NothingToMove(Conflict):
    code = "nothing_to_move"
    title = "The booking no longer holds tickets for these flights"

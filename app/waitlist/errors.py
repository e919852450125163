"""What the waitlist refuses."""

from app.core.errors import Conflict, NotFound


class EntryNotFound(NotFound):
    code = "waitlist_entry_not_found"
    title = "There is no such entry on the waitlist"


class SeatsAvailable(Conflict):
    code = "seats_available"
    title = "There are seats for this party: book them instead of waiting"


class AlreadyWaiting(Conflict):
    code = "already_waiting"
    title = "You wait for this cabin of this flight already"


class EntryEnded(Conflict):
    code = "waitlist_entry_ended"
    title = "This entry has ended"

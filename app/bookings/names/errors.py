"""What name corrections refuse."""

from app.core.errors import Conflict, NotFound


class PassengerNotFound(NotFound):
    code = "passenger_not_found"
    title = "There is no such passenger in this booking"


class NameNotCorrectable(Conflict):
    code = "name_not_correctable"
    title = "This name cannot be corrected now"


class NameTooDifferent(Conflict):
    code = "name_too_different"
    title = "That would be another name: a ticket is not passed on to somebody else"

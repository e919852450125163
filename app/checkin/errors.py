"""What check-in and boarding refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class CheckInNotOpen(Conflict):
    code = "check_in_not_open"
    title = "Check-in for this flight is not open now"


class NotCheckInable(Conflict):
    code = "coupon_not_open"
    title = "Only an open coupon of a ticketed booking can be checked in"


class NothingToCheckIn(Conflict):
    code = "nothing_to_check_in"
    title = "None of the booking's flights waits for check-in"


class InfantAlone(Conflict):
    code = "infant_needs_adult"
    title = "An infant is checked in with an adult of the same booking"


class TravellerUnknown(Unprocessable):
    code = "traveller_unknown"
    title = "The booking has no such passenger or segment"


class NotCheckedIn(Conflict):
    code = "not_checked_in"
    title = "This passenger is not checked in for the flight"


class NameErased(Conflict):
    code = "name_erased"
    title = "The passenger's name has been erased, and a pass cannot be made without it"


class PassNotFound(NotFound):
    code = "boarding_pass_not_found"
    title = "There is no such boarding pass"


class BarcodeUnreadable(Unprocessable):
    code = "barcode_unreadable"
    title = "This is no boarding pass of IATA Resolution 792"


class BarcodeForged(Unprocessable):
    code = "barcode_forged"
    title = "This boarding pass was not made by us, or has been changed"


class WrongFlight(Conflict):
    code = "wrong_flight"
    title = "The boarding pass is for another flight"


class AlreadyBoarded(Conflict):
    code = "already_boarded"
    title = "This passenger has boarded already"


class StandbyNotCleared(Conflict):
    code = "standby_not_cleared"
    title = "This passenger is on standby and has no seat yet"


class BoardingNotOpen(Conflict):
    code = "boarding_not_open"
    title = "The flight is not boarding"


class BoardingClosed(Conflict):
    code = "boarding_closed"
    title = "Boarding of this flight has been closed out"


class NotDeparted(Conflict):
    code = "flight_not_departed"
    title = "A flight is closed out once it has departed"


class CabinFull(Conflict):
    code = "cabin_full"
    title = "Every seat of this cabin is taken"


class DeniedOutOfOrder(Conflict):
    code = "denied_out_of_order"
    title = "Another passenger comes first by the boarding priority rule"

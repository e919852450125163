"""What privacy refuses."""

from app.core.errors import Conflict


class TripsAhead(Conflict):
    code = "trips_ahead"
    title = "There are flights still to be flown, which nobody could board without a name"
    advice = (
        "Cancel or fly them first, or repeat with `even_with_trips_ahead=true`: the bookings stay nameless."
    )

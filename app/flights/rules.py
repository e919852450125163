"""When a flight may be sold, and how long a traveller needs between two."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.flights.schemas import CheckInWindow, FlightStatus, MinimumConnections

# Check-in counters close 40 minutes before departure; a traveller needs some time to get there.
SALE_CLOSES_BEFORE_DEPARTURE = timedelta(minutes=60)

# By the planned departure, also of a delayed flight: a delay may shrink.
CHECK_IN_OPENS = timedelta(hours=24)
CHECK_IN_CLOSES = timedelta(minutes=40)

STATUSES_FOR_SALE = (FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN)


# From each state to which others. A flight in the air can only come down; nothing leaves its end.
TRANSITIONS: Mapping[FlightStatus, frozenset[FlightStatus]] = {
    FlightStatus.SCHEDULED: frozenset(
        {FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN, FlightStatus.CANCELLED}
    ),
    FlightStatus.DELAYED: frozenset(
        {FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN, FlightStatus.CANCELLED}
    ),
    FlightStatus.CHECK_IN_OPEN: frozenset({FlightStatus.BOARDING, FlightStatus.CANCELLED}),
    FlightStatus.BOARDING: frozenset(
        {FlightStatus.CHECK_IN_OPEN, FlightStatus.DEPARTED, FlightStatus.CANCELLED}
    ),
    FlightStatus.DEPARTED: frozenset({FlightStatus.ARRIVED, FlightStatus.DIVERTED}),
    FlightStatus.ARRIVED: frozenset(),
    FlightStatus.CANCELLED: frozenset(),
    FlightStatus.DIVERTED: frozenset(),
}
NOT_LEFT = (FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN, FlightStatus.BOARDING)


def may_become(status: FlightStatus, to: FlightStatus) -> bool:
    return to in TRANSITIONS[status]


def status_when_late(status: FlightStatus, delay_minutes: int) -> FlightStatus:
    """A delay is a state of its own only until check-in opens; from then on the state says more."""
    if status not in (FlightStatus.SCHEDULED, FlightStatus.DELAYED):
        return status
    return FlightStatus.DELAYED if delay_minutes > 0 else FlightStatus.SCHEDULED


def is_open_for_sale(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    """A delay does not open the sale again: it may shrink."""
    return status in STATUSES_FOR_SALE and departs_at - now > SALE_CLOSES_BEFORE_DEPARTURE


def check_in_window(departs_at: datetime) -> CheckInWindow:
    return CheckInWindow(departs_at - CHECK_IN_OPENS, departs_at - CHECK_IN_CLOSES)


def is_check_in_open(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    """In the states in which it is sold, too: nobody is checked in on a flight that boards."""
    return status in STATUSES_FOR_SALE and check_in_window(departs_at).holds(now)


# For an airport that has stated nothing. Between two domestic flights a traveller only walks; wherever a
# border is crossed there are queues for passports, and on the way in for bags and customs as well.
DEFAULT_MINIMUM_CONNECTIONS = MinimumConnections(
    domestic_domestic=timedelta(minutes=45),
    domestic_international=timedelta(minutes=90),
    international_domestic=timedelta(minutes=90),
    international_international=timedelta(minutes=90),
)

"""When a flight may be sold."""

from datetime import datetime, timedelta

from app.flights.schemas import FlightStatus

# Check-in counters close 40 minutes before departure; a traveller needs some time to get there.
SALE_CLOSES_BEFORE_DEPARTURE = timedelta(minutes=60)

STATUSES_FOR_SALE = (FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN)


def is_open_for_sale(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    """A delay does not open the sale again: it may shrink."""
    return status in STATUSES_FOR_SALE and departs_at - now > SALE_CLOSES_BEFORE_DEPARTURE

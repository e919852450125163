"""When a flight may be sold, and how long a traveller needs between two."""

from datetime import datetime, timedelta

from app.flights.schemas import FlightStatus, MinimumConnections

# Check-in counters close 40 minutes before departure; a traveller needs some time to get there.
SALE_CLOSES_BEFORE_DEPARTURE = timedelta(minutes=60)

STATUSES_FOR_SALE = (FlightStatus.SCHEDULED, FlightStatus.DELAYED, FlightStatus.CHECK_IN_OPEN)


def is_open_for_sale(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    """A delay does not open the sale again: it may shrink."""
    return status in STATUSES_FOR_SALE and departs_at - now > SALE_CLOSES_BEFORE_DEPARTURE


# For an airport that has stated nothing. Between two domestic flights a traveller only walks; wherever a
# border is crossed there are queues for passports, and on the way in for bags and customs as well.
DEFAULT_MINIMUM_CONNECTIONS = MinimumConnections(
    domestic_domestic=timedelta(minutes=45),
    domestic_international=timedelta(minutes=90),
    international_domestic=timedelta(minutes=90),
    international_international=timedelta(minutes=90),
)

"""How long an order of extras waits, and what became of it."""

from datetime import datetime, timedelta

from app.bookings.extras.schemas import OrderStatus

# As long as a quote: the prices are those of the moment it was asked for.
ORDER_LIFE = timedelta(minutes=30)


def status_at(status: OrderStatus, expires_at: datetime, now: datetime) -> OrderStatus:
    """An order that waited too long has lapsed, whether or not anybody looked."""
    if status is OrderStatus.WAITING and now >= expires_at:
        return OrderStatus.LAPSED
    return status

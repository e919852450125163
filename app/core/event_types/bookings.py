"""What bookings tells."""

from uuid import UUID

from app.core.event_types.kind import Currency, Entities, MinorUnits, Payload, Reader, event


@event("bookings", "booking", Reader.FRAUD, Reader.WEBHOOKS)
class BookingCreated(Payload):
    """An offer was chosen and its seats are held."""

    pnr: str
    status: str
    passenger_count: int
    seats: int
    flight_ids: list[UUID]
    total_minor: MinorUnits
    currency: Currency
    entities: Entities


@event("bookings", "booking", Reader.NOTIFICATIONS, Reader.WEBHOOKS)
class BookingConfirmed(Payload):
    """The money is there and the seats are sold."""

    pnr: str
    total_minor: MinorUnits
    currency: Currency
    flight_ids: list[UUID]
    entities: Entities


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingTicketed(Payload):
    """Every passenger has a ticket."""

    pnr: str
    ticket_numbers: list[str]


@event("bookings", "booking", Reader.NOTIFICATIONS, Reader.WEBHOOKS)
class BookingCancelled(Payload):
    """The booking is over; what goes back is `refund_minor`."""

    pnr: str
    penalty_minor: MinorUnits
    refund_minor: MinorUnits
    currency: Currency
    entities: Entities


@event("bookings", "booking", Reader.FRAUD, Reader.NOTIFICATIONS, Reader.WEBHOOKS)
class HoldExpired(Payload):
    """Nobody paid in time. It occurred when the hold died, however much later it was swept up."""

    pnr: str
    flight_ids: list[UUID]
    seats: int
    entities: Entities

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


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingPartCancelled(Payload):
    """Some passengers or slices of the booking are over; the rest stands."""

    pnr: str
    penalty_minor: MinorUnits
    refund_minor: MinorUnits
    currency: Currency
    coupon_ids: list[UUID]
    flight_ids: list[UUID]


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingChanged(Payload):
    """Other flights took the place of these slices."""

    pnr: str
    change_id: UUID
    slice_numbers: list[int]
    old_flight_ids: list[UUID]
    flight_ids: list[UUID]
    ticket_numbers: list[str]
    penalty_minor: MinorUnits
    due_minor: MinorUnits
    residual_minor: MinorUnits
    currency: Currency


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingRepriced(Payload):
    """A hold whose price was no longer promised was put at the price of the moment, as asked."""

    pnr: str
    before_minor: MinorUnits
    total_minor: MinorUnits
    currency: Currency


@event("bookings", "booking", Reader.WEBHOOKS)
class ExtrasOrdered(Payload):
    """Extras were asked for; on a ticket they wait for their money."""

    order_id: UUID
    amount_minor: MinorUnits
    currency: Currency
    codes: list[str]


@event("bookings", "booking", Reader.WEBHOOKS)
class ExtrasAdded(Payload):
    """Extras are part of the booking."""

    order_id: UUID
    amount_minor: MinorUnits
    currency: Currency
    codes: list[str]


@event("bookings", "booking")
class PassengerNameCorrected(Payload):
    """A slip in a name was put right; the name is in the vault alone."""

    passenger_id: UUID
    letters: int
    is_swap: bool


@event("bookings", "booking", Reader.WEBHOOKS)
class ServiceConfirmed(Payload):
    """A flight will do something special for a passenger; what it is stays with the booking."""

    service_request_id: UUID
    flight_id: UUID
    reason: str | None


@event("bookings", "booking", Reader.WEBHOOKS)
class ServiceRefused(Payload):
    """A flight cannot do what was asked, for this reason."""

    service_request_id: UUID
    flight_id: UUID
    reason: str | None


@event("bookings", "booking", Reader.WEBHOOKS)
class ServiceCancelled(Payload):
    """A special service was given up, by itself or with its coupon."""

    service_request_id: UUID
    flight_id: UUID


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingSplit(Payload):
    """Some passengers left for a booking of their own, with what had been paid for them."""

    other_booking_id: UUID
    other_pnr: str
    passenger_count: int
    amount_minor: MinorUnits
    currency: Currency


@event("bookings", "booking", Reader.WEBHOOKS)
class BookingSplitOff(Payload):
    """The booking came out of another."""

    other_booking_id: UUID
    other_pnr: str
    passenger_count: int
    amount_minor: MinorUnits
    currency: Currency

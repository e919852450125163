"""What check-in and boarding tell."""

from uuid import UUID

from pydantic import Field

from app.core.event_types.kind import Currency, MinorUnits, Payload, Reader, event


class OfCoupon(Payload):
    """One passenger on one flight of a booking."""

    pnr: str
    passenger_id: UUID
    segment_id: UUID
    flight_id: UUID


@event("checkin", "coupon", Reader.WEBHOOKS)
class CouponCheckedIn(OfCoupon):
    """A passenger was accepted on a flight, with a seat or on standby."""

    sequence_number: int
    standby: bool


@event("checkin", "coupon", Reader.WEBHOOKS)
class CheckInUndone(OfCoupon):
    """A check-in was taken back, by the traveller or because the flight is off."""


@event("checkin", "coupon", Reader.WEBHOOKS)
class CouponBoarded(OfCoupon):
    """A passenger's boarding pass was scanned at the gate."""

    sequence_number: int


@event("checkin", "coupon", Reader.WEBHOOKS)
class CouponFlown(OfCoupon):
    """The flight has left with the passenger on board."""

    boarding_outcome: str | None = Field(examples=["boarded"])


@event("checkin", "coupon", Reader.WEBHOOKS)
class PassengerNoShow(OfCoupon):
    """The flight has left without a passenger who could have come."""

    checked_in: bool


@event("checkin", "coupon", Reader.WEBHOOKS)
class BoardingDenied(OfCoupon):
    """A checked-in passenger was left behind for want of a seat, and is compensated."""

    kind: str = Field(examples=["involuntary"])
    compensation_minor: MinorUnits
    currency: Currency
    rule: str

"""Who can have which service, until when, and how many a flight takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.bookings.assistance.schemas import Refusal, ServiceCode, ServiceKind
from app.pricing.schemas import PassengerType

KINDS = {
    ServiceCode.WCHR: ServiceKind.WHEELCHAIR,
    ServiceCode.WCHS: ServiceKind.WHEELCHAIR,
    ServiceCode.WCHC: ServiceKind.WHEELCHAIR,
    ServiceCode.UMNR: ServiceKind.UNACCOMPANIED_MINOR,
}
# Per flight: chairs that can be boarded in time, what a galley carries, whom one attendant can look after.
ALLOTTED = {ServiceKind.WHEELCHAIR: 6, ServiceKind.MEAL: 30, ServiceKind.UNACCOMPANIED_MINOR: 2}
# Before departure: staff is placed on the day, meals are loaded from the caterer's order of the day before,
# and who brings and fetches a child is checked by telephone.
NOTICE = {
    ServiceKind.WHEELCHAIR: timedelta(hours=4),
    ServiceKind.MEAL: timedelta(hours=24),
    ServiceKind.UNACCOMPANIED_MINOR: timedelta(hours=48),
}
# Alone from five; up to seven without a change of planes; from fifteen a child travels as an adult does.
MINOR_FROM_AGE = 5
MINOR_CONNECTS_FROM_AGE = 8
MINOR_TO_AGE = 14


@dataclass(frozen=True)
class Asked:
    """A request with what decides it."""

    code: ServiceCode
    passenger_type: PassengerType
    has_adult: bool
    connects: bool
    departs_at: datetime
    now: datetime
    age: int | None = None


def kind_of(code: ServiceCode) -> ServiceKind:
    return KINDS.get(code, ServiceKind.MEAL)


def refusal(asked: Asked) -> Refusal | None:
    """Why a service cannot be had, whatever is left of it."""
    kind = kind_of(asked.code)
    if asked.departs_at - asked.now < NOTICE[kind]:
        return Refusal.TOO_LATE
    if kind is ServiceKind.UNACCOMPANIED_MINOR:
        return _refusal_of_minor(asked)
    if asked.passenger_type is PassengerType.INFANT and kind is ServiceKind.WHEELCHAIR:
        return Refusal.NOT_FOR_THIS_PASSENGER
    if asked.code is ServiceCode.CHML and asked.passenger_type is not PassengerType.CHILD:
        return Refusal.NOT_FOR_THIS_PASSENGER
    return None


def _refusal_of_minor(asked: Asked) -> Refusal | None:
    if asked.passenger_type is not PassengerType.CHILD:
        return Refusal.NOT_FOR_THIS_PASSENGER
    if asked.has_adult:
        return Refusal.NOT_ALONE
    if asked.age is None or asked.age < MINOR_FROM_AGE:
        return Refusal.TOO_YOUNG
    if asked.age > MINOR_TO_AGE:
        return Refusal.TOO_OLD
    return Refusal.NOT_WITH_A_CONNECTION if asked.connects and asked.age < MINOR_CONNECTS_FROM_AGE else None

"""What services can be asked for, and what is shown of a request."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.core.http import Schema
from app.core.ids import BookingId, PassengerId, SegmentId, ServiceRequestId


class ServiceKind(StrEnum):
    WHEELCHAIR = "wheelchair"
    MEAL = "meal"
    UNACCOMPANIED_MINOR = "unaccompanied_minor"


class ServiceCode(StrEnum):
    """As airlines write them (IATA AIRIMP): wheelchair to the ramp, up the steps or to the seat; meals
    (vegan, lacto-ovo, kosher, Muslim, Hindu, gluten-free, diabetic, for children); a minor alone."""

    WCHR = "WCHR"
    WCHS = "WCHS"
    WCHC = "WCHC"
    VGML = "VGML"
    VLML = "VLML"
    KSML = "KSML"
    MOML = "MOML"
    HNML = "HNML"
    GFML = "GFML"
    DBML = "DBML"
    CHML = "CHML"
    UMNR = "UMNR"


class ServiceStatus(StrEnum):
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Refusal(StrEnum):
    TOO_LATE = "too_late"
    NOT_FOR_THIS_PASSENGER = "not_for_this_passenger"
    NOT_ALONE = "not_alone"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"
    NOT_WITH_A_CONNECTION = "not_with_a_connection"
    NONE_LEFT = "none_left"


class ServiceRequestCreate(Schema):
    passenger_id: PassengerId
    segment_id: SegmentId
    code: ServiceCode
    age: int | None = Field(
        default=None, ge=0, le=17, description="On the day of travel; needed for UMNR, and not kept"
    )


class ServiceRequest(Schema):
    """Confirmed or refused at once; `reason` says why it was refused."""

    id: ServiceRequestId
    booking_id: BookingId
    passenger_id: PassengerId
    segment_id: SegmentId
    kind: ServiceKind
    code: ServiceCode
    status: ServiceStatus
    reason: Refusal | None
    requested_at: datetime


class ServiceRequests(Schema):
    """The requests of a booking, the oldest first."""

    data: list[ServiceRequest]

"""What operations is refused."""

from app.core.errors import Conflict, Unprocessable


class AircraftUnknown(Unprocessable):
    code = "aircraft_unknown"
    title = "The aircraft type is not one of ours, or its cabins are not known"


class DiversionUnknown(Unprocessable):
    code = "diversion_unknown"
    title = "The airport of the diversion is not one of ours"


class CabinMissing(Conflict):
    code = "cabin_missing"
    title = "The aircraft lacks a cabin in which seats are sold or held"

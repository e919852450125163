"""What the timetable refuses."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ScheduleNotFound(NotFound):
    code = "schedule_not_found"
    title = "There is no such schedule"


class ScheduleOverlaps(Conflict):
    code = "schedule_overlaps"
    title = "The flight number already has a schedule on this route and weekday in this period"


class ScheduleInUse(Conflict):
    code = "schedule_in_use"
    title = "Flights were made from this schedule; end its period instead"


class ScheduleImpossible(Unprocessable):
    code = "schedule_impossible"
    title = "The schedule's times or period cannot be flown"


class ReferenceUnknown(Unprocessable):
    code = "reference_unknown"
    title = "The airline, airport or aircraft type is not one of ours"


class TooManyDepartures(Unprocessable):
    code = "too_many_departures"
    title = "The range holds more departures than one request makes"


class SsimRefused(Unprocessable):
    code = "ssim_refused"
    title = "The SSIM document has errors; nothing was imported"

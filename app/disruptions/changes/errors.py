"""What deciding on a schedule change is refused."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ScheduleChangeNotFound(NotFound):
    code = "schedule_change_not_found"
    title = "There is no such schedule change"


class ScheduleChangeDecided(Conflict):
    code = "schedule_change_decided"
    title = "This schedule change has been decided, or a newer one has taken its place"


class NoAlternative(Conflict):
    code = "no_alternative"
    title = "There is no other flight to accept; ask for the money back, or look again for options"


class OptionUnknown(Unprocessable):
    code = "option_unknown"
    title = "The schedule change has no such option"

"""What the test clock refuses."""

from app.core.errors import Conflict, Forbidden


class NotASandbox(Forbidden):
    code = "not_a_sandbox"
    title = "Only a sandbox has a test clock"


class ClockGoesBack(Conflict):
    code = "clock_goes_back"
    title = "The test clock only moves forward; return to the wall clock first"

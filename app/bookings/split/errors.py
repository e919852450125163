"""What a split refuses."""

from app.core.errors import Conflict


class NotSplittable(Conflict):
    code = "booking_not_splittable"
    title = "This booking cannot be split so"

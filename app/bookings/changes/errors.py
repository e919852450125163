"""What changes refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ChangeNotFound(NotFound):
    code = "change_not_found"
    title = "There is no such change"


class NotChangeable(Conflict):
    code = "booking_not_changeable"
    title = "This booking, or this part of it, cannot be changed"


class ChangeDiffers(Unprocessable):
    code = "change_differs"
    title = "The offer is not one for these slices and passengers"


class PaymentNeeded(Unprocessable):
    code = "payment_needed"
    title = "The change costs something: send how it is paid"

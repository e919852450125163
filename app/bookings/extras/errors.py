"""What extras refuse."""

from app.core.errors import Conflict, NotFound, Unprocessable


class OrderNotFound(NotFound):
    code = "extras_order_not_found"
    title = "There is no such order of extras"


class ExtrasClosed(Conflict):
    code = "extras_closed"
    title = "Nothing can be added to this booking now"


class OrderNotPayable(Conflict):
    code = "extras_order_not_payable"
    title = "This order of extras does not wait for a payment"


class ExtraUnknown(Unprocessable):
    code = "extra_unknown"
    title = "This passenger and segment of the booking cannot have such an extra"

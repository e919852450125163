"""What payments refuses."""

from app.core.errors import Conflict, NotFound, Unavailable, Unprocessable


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"


class RefundNotFound(NotFound):
    code = "refund_not_found"
    title = "There is no such refund"


class RefundTooLarge(Conflict):
    code = "refund_too_large"
    title = "More than is left of what was paid cannot be paid back"


class GatewayUnknown(Unprocessable):
    code = "gateway_unknown"
    title = "There is no payment gateway of this name here"


class CardUnknown(Unprocessable):
    code = "card_unknown"
    title = "The gateway does not know this card token"


class GatewayUnavailable(Unavailable):
    code = "payment_gateway_unavailable"
    title = "The payment gateway does not answer; nothing was charged"

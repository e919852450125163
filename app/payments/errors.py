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


class TravelCreditNotFound(NotFound):
    code = "travel_credit_not_found"
    title = "There is no such travel credit"


class TravelCreditTooSmall(Conflict):
    code = "travel_credit_not_enough"
    title = "So much of this travel credit cannot be spent: it is used up, expired or in another currency"


class CardNeeded(Unprocessable):
    code = "card_needed"
    title = "What travel credit does not cover needs a gateway and a card token"


class PaymentDisputed(Conflict):
    code = "payment_disputed"
    title = "The cardholder's bank disputes this payment; its money cannot be paid back"


class GatewayUnknown(Unprocessable):
    code = "gateway_unknown"
    title = "There is no payment gateway of this name here"


class CardUnknown(Unprocessable):
    code = "card_unknown"
    title = "The gateway does not know this card token"


class GatewayUnavailable(Unavailable):
    code = "payment_gateway_unavailable"
    title = "The payment gateway does not answer; nothing was charged"

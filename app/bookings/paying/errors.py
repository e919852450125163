"""What paying back and travel credit refuse."""

from app.core.errors import Conflict


class PaymentNotWaiting(Conflict):
    code = "payment_not_waiting"
    title = "This payment does not wait for its customer"


class NothingToRefund(Conflict):
    code = "nothing_to_refund"
    title = "What the booking still holds has to stay paid for; cancel or change it first"


class CurrencyDiffers(Conflict):
    code = "currency_differs"
    title = "The amount is in another currency than the payment"

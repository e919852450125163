"""What bookings refuses."""

from app.core.errors import Conflict, NotFound, Unavailable, Unprocessable


class BookingNotFound(NotFound):
    code = "booking_not_found"
    title = "There is no such booking"


class MomentInFuture(Unprocessable):
    code = "moment_in_future"
    title = "Nobody knows yet what will be"


class CancellationNotFound(NotFound):
    code = "cancellation_not_found"
    title = "There is no such cancellation"


class PassengersDiffer(Unprocessable):
    code = "passengers_differ"
    title = "The passengers are not those the offer was made for"


class NotPayable(Conflict):
    code = "booking_not_payable"
    title = "This booking does not wait for a payment"


class NothingDue(Conflict):
    code = "nothing_due"
    title = "There is nothing to pay"


class PriceChanged(Conflict):
    code = "price_changed"
    title = "The price was promised until a while ago and is another now; ask for it with POST .../reprice"


class NotRepriceable(Conflict):
    code = "booking_not_repriceable"
    title = "The price of this booking is still what it was"


class PayLaterRefused(Conflict):
    code = "pay_later_refused"
    title = "So close to departure seats are not held without a payment"


class PaymentInProgress(Conflict):
    code = "payment_in_progress"
    title = "A payment for this booking has no result yet"


class NotCancellable(Conflict):
    code = "booking_not_cancellable"
    title = "This booking can no longer be cancelled"


class PartNotCancellable(Conflict):
    code = "part_not_cancellable"
    title = "This part of the booking cannot be cancelled by itself"


class CouponInUse(Conflict):
    code = "coupon_in_use"
    title = "Somebody has checked in with one of these coupons meanwhile"


class QuoteSuperseded(Conflict):
    code = "quote_superseded"
    title = "Only the newest quote can be confirmed"


class QuoteExpired(Conflict):
    code = "quote_expired"
    title = "The quote has expired; ask for another"


class TooManyHolds(Conflict):
    code = "too_many_holds"
    title = "There are as many unpaid holds as one customer may have"


class BookingBusy(Unavailable):
    code = "booking_busy"
    title = "More bookings wait to be written than can be soon; repeat with the same Idempotency-Key"

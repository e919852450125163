"""Every setting and flag the code asks for, named once. A new one is a line here and its use."""

from datetime import timedelta
from typing import Any

from app.settings.definitions import Flag, Setting, setting

CHECKOUT_HOLD = setting(
    "bookings.checkout_hold",
    timedelta(minutes=15),
    "How long seats are held for a customer who is about to pay",
    at_least=timedelta(minutes=5),
    at_most=timedelta(hours=2),
)
MAX_HOLDS_PER_USER = setting(
    "bookings.max_holds_per_user",
    200,
    "How many unpaid holds one customer may have at a time",
    at_least=1,
    at_most=10_000,
)
QUOTE_LIFE = setting(
    "bookings.quote_life",
    timedelta(minutes=30),
    "How long the quote for a change or a cancellation can be confirmed",
    at_least=timedelta(minutes=5),
    at_most=timedelta(hours=24),
)
OVERBOOKING_CEILING = setting(
    "inventory.overbooking_ceiling_percent",
    125,
    "The most a cabin may be authorised to sell, in per cent of its seats",
    at_least=100,
    at_most=150,
)
WAITLIST_WINDOW = setting(
    "waitlist.window",
    timedelta(hours=2),
    "How long a seat offered from the waitlist is held",
    at_least=timedelta(minutes=5),
    at_most=timedelta(hours=24),
)
WAITLIST_SHORT_WINDOW = setting(
    "waitlist.short_window",
    timedelta(minutes=30),
    "The same on the last day before departure",
    at_least=timedelta(minutes=5),
    at_most=timedelta(hours=24),
)

PAY_LATER = Flag("bookings.pay_later", True, "Seats may be held now and paid for later")
WAITLIST = Flag("waitlist.open", True, "Customers may wait for a seat on a flight that is sold out")
REGISTRATION = Flag("identity.registration", True, "New accounts can be made")

SETTINGS: dict[str, Setting[Any]] = {
    each.key: each
    for each in (
        CHECKOUT_HOLD,
        MAX_HOLDS_PER_USER,
        QUOTE_LIFE,
        OVERBOOKING_CEILING,
        WAITLIST_WINDOW,
        WAITLIST_SHORT_WINDOW,
    )
}
FLAGS: dict[str, Flag] = {each.key: each for each in (PAY_LATER, WAITLIST, REGISTRATION)}

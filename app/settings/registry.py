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
SEARCH_EVENTS_MONTHS = setting(
    "retention.search_events_months",
    13,
    "How many whole months of searches are kept in the core",
    at_least=2,
    at_most=120,
)
DOMAIN_EVENTS_MONTHS = setting(
    "retention.domain_events_months",
    25,
    "How many whole months of events can be replayed",
    at_least=13,
    at_most=240,
)
AUDIT_MONTHS = setting(
    "retention.audit_months",
    84,
    "How many whole months of the audit log can be searched",
    at_least=24,
    at_most=240,
)
RETIRED_DAYS = setting(
    "retention.retired_days",
    35,
    "How many days a retired month waits in schema `retired`, to be exported, before it is dropped",
    at_least=7,
    at_most=400,
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
        SEARCH_EVENTS_MONTHS,
        DOMAIN_EVENTS_MONTHS,
        AUDIT_MONTHS,
        RETIRED_DAYS,
    )
}
FLAGS: dict[str, Flag] = {each.key: each for each in (PAY_LATER, WAITLIST, REGISTRATION)}

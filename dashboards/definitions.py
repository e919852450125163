"""Owns what each figure means: the words behind every `?`. The warehouse's documentation repeats them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    label: str
    text: str


DEFINITIONS: dict[str, Definition] = {
    "bookings": Definition(
        "Bookings",
        "Bookings created in the period that were paid and confirmed, counted once even when they were "
        "cancelled later. Holds that were never paid are not bookings.",
    ),
    "booked_revenue": Definition(
        "Booked revenue",
        "What customers owe for those bookings now: live items (fares, taxes, fees) plus penalties kept. "
        "A cancelled booking counts with its penalty only.",
    ),
    "captured": Definition(
        "Captured",
        "Money taken by the payment gateways in the period, before refunds.",
    ),
    "refunds": Definition(
        "Refunds",
        "Money given back on the payments captured in the period, whenever the refund happened.",
    ),
    "load_factor": Definition(
        "Load factor",
        "Revenue passenger kilometres divided by available seat kilometres (RPK / ASK): kilometres are "
        "summed first and divided once, so a long flight weighs more than a short one. Cancelled flights "
        "are left out. Before departure it counts the seats sold so far.",
    ),
    "load_factor_on_sale": Definition(
        "Load factor, flights with a sale",
        "Load factor over the departures of the period that sold at least one seat. The simulated demand "
        "falls on a small part of the real schedule; the Inventory page shows the whole network too.",
    ),
    "open_fraud_signals": Definition(
        "Open fraud signals",
        "Signals of active rules (shadow rules left out) whose latest event lies in the last 24 hours.",
    ),
    "cancellation_rate": Definition(
        "Cancellation rate",
        "Confirmed bookings of the period that are cancelled now, divided by the confirmed bookings of the "
        "period.",
    ),
    "average_fare": Definition(
        "Average fare",
        "Fares of the tickets' live flight coupons, without taxes, divided by the number of those coupons: "
        "what one passenger pays for one leg.",
    ),
    "yield": Definition(
        "Yield per 100 km",
        "Passenger revenue divided by passenger kilometres: fares of live flight coupons, without taxes, "
        "over the kilometres of those coupons.",
    ),
    "departures": Definition("Departures", "Flights of the chosen days and routes that are not cancelled."),
    "seats_authorised": Definition(
        "Seats authorised",
        "Seats that may be sold: capacity with the overbooking that revenue management allows.",
    ),
    "seats_sold": Definition("Seats sold", "Seats of paid bookings, cancelled seats given back."),
    "seats_open": Definition(
        "Seats open", "Seats authorised less seats sold and less seats held by unpaid bookings."
    ),
    "entities_at_review": Definition(
        "Entities under review",
        "Cards, devices, addresses, e-mails and accounts whose score in force is 40 or more: their payments "
        "go to review, from 65 ticketing is held, from 85 the payment is refused.",
    ),
    "signal_delay": Definition(
        "Commit to signal",
        "Time between the commit of the event that tipped the rule and the signal, 95th percentile of the "
        "signals shown.",
    ),
    "stopped_payments": Definition(
        "Payments held or refused",
        "Payment attempts of the last 24 hours whose decision was review, step-up or block.",
    ),
    "reconciled_tables": Definition(
        "Tables equal",
        "Captured tables whose rows in the warehouse equal the rows of the booking database in one "
        "consistent snapshot, compared while writers run. Equal means 0 missing, 0 extra, 0 different.",
    ),
    "rows_compared": Definition("Rows compared", "Source rows of the latest reconciliation, all tables."),
    "change_events": Definition(
        "Change events", "Row changes kept in the warehouse's log, duplicates removed."
    ),
    "quarantined_files": Definition(
        "Files in quarantine",
        "Landed files that broke their contract. They wait with their reason; only their own topic waits "
        "with them, and nothing is lost.",
    ),
    "load_delay": Definition(
        "Commit to load",
        "Time between the commit of a table's latest change and the moment the warehouse loaded it.",
    ),
}


def label(key: str) -> str:
    return DEFINITIONS[key].label


def help_text(key: str) -> str:
    return DEFINITIONS[key].text

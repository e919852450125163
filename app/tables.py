"""Every table of the core, once: which are captured, which are private, and the contracts of the captured.

`python -m app.tables` prints the contracts as JSON; orchestration/contracts.json is that output."""

import json
import sys
from typing import Any

from sqlalchemy import ARRAY, Column, Integer, Numeric, Table, Text
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

from app.audit import models as audit
from app.bookings import models as bookings
from app.bookings.assistance import models as assistance
from app.bookings.changes import models as changes
from app.bookings.documents import models as documents
from app.bookings.extras import models as extras
from app.bookings.groups import models as groups
from app.bookings.guests import models as bookings_guests
from app.bookings.names import models as names
from app.checkin import models as checkin
from app.core import models as core
from app.core.models import TIMESTAMPTZ
from app.disruptions import models as disruptions
from app.disruptions.changes import models as schedule_changes
from app.disruptions.operations import models as operations
from app.flights import models as flights
from app.fraud import models as fraud
from app.identity import models as identity
from app.identity.factors import models as identity_factors
from app.identity.keys import models as identity_keys
from app.identity.keys.requests import models as identity_requests
from app.identity.recovery import models as identity_recovery
from app.inventory import models as inventory
from app.inventory.controls import models as controls
from app.inventory.seats import models as seats
from app.notifications import models as notifications
from app.notifications.webhooks import models as webhooks
from app.offers import models as offers
from app.offers.search_events import models as search_events
from app.payments import models as payments
from app.pricing import models as pricing
from app.pricing.adjustments import models as adjustments
from app.pricing.ancillaries import models as ancillaries
from app.pricing.fx import models as fx
from app.reference import models as reference
from app.settings import models as settings
from app.waitlist import models as waitlist

MODELS = (
    core,
    audit,
    settings,
    reference,
    identity,
    identity_factors,
    identity_keys,
    identity_requests,
    identity_recovery,
    flights,
    inventory,
    seats,
    controls,
    pricing,
    fx,
    search_events,
    adjustments,
    ancillaries,
    offers,
    fraud,
    payments,
    bookings,
    extras,
    changes,
    documents,
    checkin,
    bookings_guests,
    groups,
    waitlist,
    names,
    assistance,
    disruptions,
    operations,
    schedule_changes,
    notifications,
    webhooks,
)

# Part of the stream: in the publication, the connector's list, the topics, the contracts and staging.
CAPTURED = (
    "airports",
    "airlines",
    "aircraft_types",
    "routes",
    "schedules",
    "flights",
    "flight_outcomes",
    "cabin_inventories",
    "fare_products",
    "fx_rates",
    "search_events",
    "fraud_rules",
    "users",
    "bookings",
    "booking_items",
    "passengers",
    "segments",
    "seat_holds",
    "seat_assignments",
    "tickets",
    "coupons",
    "cancellations",
    "payments",
    "refunds",
    "journal_entries",
    "domain_events",
    "notification_deliveries",
)

# Of schema app and never in the stream. Schema vault is private as a whole.
PRIVATE = (
    "user_roles",
    "sessions",
    "refresh_tokens",
    "mail_tokens",
    "api_keys",
    "consents",
    "guest_attempts",
    "offer_requests",
    "pricing_rules",
    "ancillaries",
    "pnrs",
    "provider_references",
    "seat_layouts",
    "control_changes",
    "waitlist_entries",
    "payment_actions",
    "travel_credits",
    "disputes",
    "gateway_events",
    "groups",
    "group_bookings",
    "idempotency_records",
    "documents",
    "document_series",
    "check_ins",
    "boardings",
    "denied_boardings",
    "test_clock",
    "webhook_endpoints",
    "webhook_deliveries",
    "api_requests",
    "minimum_connections",
    "extras_orders",
    "extras_lines",
    "cancellation_coupons",
    "row_history",
    "changes",
    "change_coupons",
    "audit_entries",
    "audit_chain",
    "setting_versions",
    "name_corrections",
    "service_requests",
    "service_allotments",
    "disruptions",
    "schedule_changes",
)

# Written by the fraud flow and captured too, so that the warehouse sees what was known at a decision.
fraud_signals = Table(
    "fraud_signals",
    SQLModel.metadata,
    Column("signal_id", Text, primary_key=True),
    Column("rule_id", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("rule_group", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("entity_kind", Text, nullable=False),
    Column("entity_key", Text, nullable=False),
    Column("window_seconds", Integer, nullable=False),
    Column("window_start", TIMESTAMPTZ, nullable=False),
    Column("window_end", TIMESTAMPTZ, nullable=False),
    Column("observed", Numeric, nullable=False),
    Column("threshold", Numeric, nullable=False),
    Column("reason", Text, nullable=False),
    Column("event_ids", ARRAY(Text), nullable=False),
    Column("event_count", Integer, nullable=False),
    Column("first_event_at", TIMESTAMPTZ, nullable=False),
    Column("last_event_at", TIMESTAMPTZ, nullable=False),
    Column("last_commit_at", TIMESTAMPTZ, nullable=False),
    Column("raised_at", TIMESTAMPTZ, nullable=False),
    Column("updated_at", TIMESTAMPTZ, nullable=False),
    schema="live",
)


def contracts() -> dict[str, Any]:
    """What each captured table promises: its columns in order, their Postgres types, and its key."""
    tables = [SQLModel.metadata.tables[f"app.{name}"] for name in CAPTURED]
    return {table.name: _contract(table) for table in [*tables, fraud_signals]}


def postgres_type(column: Column[Any]) -> str:
    """A column's type as Postgres' own format_type writes it."""
    written = str(column.type.compile(dialect=postgresql.dialect())).lower()  # type: ignore[no-untyped-call]
    return {"float": "double precision"}.get(written, written).replace(", ", ",")


def _contract(table: Table) -> dict[str, Any]:
    return {
        "columns": [
            {"name": column.name, "type": postgres_type(column), "nullable": bool(column.nullable)}
            for column in table.columns
        ],
        "primary_key": [column.name for column in table.primary_key.columns],
        "personal": False,
    }


if __name__ == "__main__":
    json.dump(contracts(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")

"""Make what the streams write, and publish what the connector captures."""

from alembic import op

revision = "0007_live"
down_revision = "0006_payments"
branch_labels = None
depends_on = None

LIVE = """
create table live.availability (
    flight_id uuid not null,
    cabin text not null,
    cabin_inventory_id uuid not null,
    capacity integer not null,
    authorised integer not null,
    classes text[] not null,
    limits integer[] not null,
    held integer[] not null,
    sold integer[] not null,
    seats_open integer[] not null,
    version integer not null,
    lsn bigint not null,
    source_ts timestamptz not null,
    is_snapshot boolean not null,
    written_at timestamptz not null default clock_timestamp(),
    primary key (flight_id, cabin)
) with (fillfactor = 85);

create table live.fraud_signals (
    signal_id text primary key,
    rule_id text not null,
    rule_version integer not null,
    rule_group text not null,
    mode text not null,
    weight integer not null,
    entity_kind text not null,
    entity_key text not null,
    window_seconds integer not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    observed numeric not null,
    threshold numeric not null,
    reason text not null,
    event_ids text[] not null,
    event_count integer not null,
    first_event_at timestamptz not null,
    last_event_at timestamptz not null,
    last_commit_at timestamptz not null,
    raised_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);
create index fraud_signals_by_entity on live.fraud_signals (entity_kind, entity_key, window_end);
alter table live.fraud_signals replica identity full;

create table live.fraud_scores (
    entity_kind text not null,
    entity_key text not null,
    score integer not null check (score between 0 and 100),
    reasons jsonb not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (entity_kind, entity_key)
);

create table live.notification_requests (
    request_id uuid primary key,
    event_id uuid not null,
    event_type text not null,
    booking_id uuid,
    subject_id uuid not null,
    channel text not null,
    template text not null,
    payload jsonb not null,
    occurred_at timestamptz not null,
    source_ts timestamptz not null,
    created_at timestamptz not null default clock_timestamp()
);
create index notification_requests_by_age on live.notification_requests (created_at);
"""

CAPTURED = (
    "airports", "airlines", "aircraft_types", "routes", "schedules", "flights", "flight_outcomes",
    "cabin_inventories", "fare_products", "fraud_rules", "users", "bookings", "booking_items", "passengers",
    "segments", "seat_holds", "tickets", "coupons", "cancellations", "payments", "refunds",
    "journal_entries", "domain_events", "notification_deliveries",
)  # fmt: skip


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(LIVE)
    tables = ", ".join(f"app.{table}" for table in (*CAPTURED, "heartbeat"))
    op.execute(
        f"create publication contrail for table {tables}, live.fraud_signals "
        "with (publish_via_partition_root = true)"
    )
    op.execute(f"grant select on {tables}, live.fraud_signals to cdc")
    op.execute("grant insert, update on app.heartbeat to cdc")
    op.execute("grant select on app.fraud_rules to live_rw")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop publication contrail")
    for table in ("notification_requests", "fraud_scores", "fraud_signals", "availability"):
        op.execute(f"drop table live.{table}")

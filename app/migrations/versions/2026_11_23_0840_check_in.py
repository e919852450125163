"""Make check-ins, boarding and what became of a coupon at the gate.

app.coupons is captured: `boarding_outcome` shows up in contrail.app.coupons, raw.coupons and stg_coupons."""

from alembic import op

revision = "check_in"
down_revision = "settings"
branch_labels = None
depends_on = None

COUPONS = """
alter table app.coupons add column boarding_outcome text
    constraint coupons_boarding_outcome check (boarding_outcome in (
        'boarded', 'no_show', 'go_show', 'standby_cleared', 'denied_voluntary', 'denied_involuntary'
    ));
"""

CHECK_INS = """
create table app.check_ins (
    id uuid primary key,
    coupon_id uuid not null references app.coupons (id),
    booking_id uuid not null references app.bookings (id),
    passenger_id uuid not null references app.passengers (id),
    flight_id uuid not null references app.flights (id),
    cabin text not null,
    needs_seat boolean not null,
    sequence_number integer not null check (sequence_number between 1 and 9999),
    source text not null check (source in ('web', 'agent', 'gate')),
    standby_since timestamptz,
    cleared_at timestamptz,
    checked_in_at timestamptz not null,
    undone_at timestamptz,
    boarded_at timestamptz,
    constraint check_ins_sequence_key unique (flight_id, sequence_number),
    constraint check_ins_cleared_from_standby check (cleared_at is null or standby_since is not null),
    constraint check_ins_boarded_or_undone check (boarded_at is null or undone_at is null)
);
create unique index check_ins_live on app.check_ins (coupon_id) where undone_at is null;
create index check_ins_by_booking on app.check_ins (booking_id);

-- One row a flight: the last sequence number given out, and whether boarding is over.
create table app.boardings (
    flight_id uuid primary key references app.flights (id),
    departs_at timestamptz not null,
    last_sequence_number integer not null default 0,
    closed_at timestamptz,
    closed_by uuid
);
create index boardings_open on app.boardings (departs_at) where closed_at is null;

create table app.denied_boardings (
    coupon_id uuid primary key references app.coupons (id),
    booking_id uuid not null references app.bookings (id),
    passenger_id uuid not null references app.passengers (id),
    flight_id uuid not null references app.flights (id),
    kind text not null check (kind in ('voluntary', 'involuntary')),
    substitute_arrives_at timestamptz,
    rule text not null,
    compensation_minor bigint not null check (compensation_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    travel_credit_id uuid,
    denied_at timestamptz not null,
    denied_by uuid
);
create index denied_boardings_by_flight on app.denied_boardings (flight_id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(COUPONS)
    op.execute(CHECK_INS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in ("denied_boardings", "boardings", "check_ins"):
        op.execute(f"drop table app.{table}")
    op.execute("alter table app.coupons drop column boarding_outcome")

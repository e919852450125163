"""Keep disruptions of flights, and what their travellers were offered and chose. Private tables."""

from alembic import op

revision = "disruptions"
down_revision = "schedule_versions"
branch_labels = None
depends_on = None

DISRUPTIONS = """
create table app.disruptions (
    id uuid primary key,
    flight_id uuid not null references app.flights (id),
    kind text not null check (kind in ('cancelled', 'delayed', 'diverted', 'swapped')),
    details jsonb not null,
    reason text not null,
    booking_seen uuid,
    bookings_changed integer not null default 0 check (bookings_changed >= 0),
    created_at timestamptz not null,
    done_at timestamptz,
    request_id text not null,
    simulated boolean not null default false
);
create index disruptions_by_flight on app.disruptions (flight_id, id);
create index disruptions_not_done on app.disruptions (id) where done_at is null;
"""

# A booking may be disrupted again before it has decided: the newer question takes the place of the older.
SCHEDULE_CHANGES = """
create table app.schedule_changes (
    id uuid primary key,
    disruption_id uuid not null references app.disruptions (id),
    booking_id uuid not null references app.bookings (id),
    flight_id uuid not null references app.flights (id),
    kind text not null check (kind in ('cancelled', 'delayed', 'missed_connection', 'downgraded')),
    status text not null check (status in ('open', 'accepted', 'changed', 'refunded', 'superseded')),
    slice_number smallint not null check (slice_number >= 1),
    segment_ids uuid[] not null,
    proposal text not null check (proposal in ('keep', 'move', 'none')),
    options jsonb not null,
    chosen smallint,
    is_seat_returned boolean not null default false,
    respond_by timestamptz not null,
    created_at timestamptz not null,
    decided_at timestamptz,
    version integer not null default 1,
    constraint schedule_changes_once unique (disruption_id, booking_id, slice_number),
    constraint schedule_changes_decided check ((status = 'open') = (decided_at is null))
);
create unique index schedule_changes_open on app.schedule_changes (booking_id, slice_number)
    where status = 'open';
create index schedule_changes_by_booking on app.schedule_changes (booking_id, id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(DISRUPTIONS)
    op.execute(SCHEDULE_CHANGES)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.schedule_changes")
    op.execute("drop table app.disruptions")

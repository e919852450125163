"""Make the seat layouts, and the seat assignments with what must hold of them; publish the latter.

Effect downstream: topic contrail.app.seat_assignments, raw and stg_seat_assignments."""

from alembic import op

revision = "seats"
down_revision = "payment_purposes"
branch_labels = None
depends_on = None

LAYOUTS = """
create table app.seat_layouts (
    id uuid primary key,
    aircraft_type text not null references app.aircraft_types (code),
    configuration text not null,
    cabins jsonb not null,
    created_at timestamptz not null default now(),
    constraint seat_layouts_configuration_key unique (aircraft_type, configuration)
);
"""

# A seat of an unpaid booking is the booking's until held_until, whoever has swept it up or not.
ASSIGNMENTS = """
create table app.seat_assignments (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    passenger_id uuid not null references app.passengers (id),
    flight_id uuid not null references app.flights (id),
    cabin text not null,
    seat text not null check (seat ~ '^[1-9][0-9]{0,2}[A-Z]$'),
    infant_block text,
    held_until timestamptz,
    assigned_at timestamptz not null,
    released_at timestamptz,
    release_reason text check (release_reason in ('changed', 'cancelled', 'expired', 'reseated')),
    updated_at timestamptz not null default now(),
    constraint seat_assignments_end_once check ((released_at is null) = (release_reason is null))
);
create unique index seat_assignments_one_live_per_seat
    on app.seat_assignments (flight_id, seat) where released_at is null;
create unique index seat_assignments_one_live_per_passenger
    on app.seat_assignments (flight_id, passenger_id) where released_at is null;
-- Over each block of seats hangs one oxygen mask more than it has seats.
create unique index seat_assignments_one_infant_per_block
    on app.seat_assignments (flight_id, infant_block) where released_at is null and infant_block is not null;
create index seat_assignments_by_booking on app.seat_assignments (booking_id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(LAYOUTS)
    op.execute(ASSIGNMENTS)
    op.execute("alter publication contrail add table app.seat_assignments")
    op.execute("grant select on app.seat_assignments to cdc")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter publication contrail drop table app.seat_assignments")
    op.execute("drop table app.seat_assignments")
    op.execute("drop table app.seat_layouts")

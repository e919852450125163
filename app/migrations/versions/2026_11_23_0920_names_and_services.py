"""Make name corrections and special services. Private: nothing downstream changes."""

from alembic import op

revision = "names_and_services"
down_revision = "payment_states"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("""
        create table app.name_corrections (
            id uuid primary key,
            passenger_id uuid not null references app.passengers (id),
            letters integer not null check (letters between 0 and 3),
            is_swap boolean not null,
            corrected_at timestamptz not null,
            actor text not null,
            request_id text not null
        );
        create index name_corrections_by_passenger on app.name_corrections (passenger_id);

        create table app.service_requests (
            id uuid primary key,
            booking_id uuid not null references app.bookings (id),
            passenger_id uuid not null references app.passengers (id),
            segment_id uuid not null references app.segments (id),
            flight_id uuid not null references app.flights (id),
            kind text not null check (kind in ('wheelchair', 'meal', 'unaccompanied_minor')),
            code text not null check (code ~ '^[A-Z]{4}$'),
            status text not null check (status in ('confirmed', 'refused', 'cancelled')),
            reason text,
            requested_at timestamptz not null,
            ended_at timestamptz,
            constraint service_requests_end check ((status = 'confirmed') = (ended_at is null))
        );
        create index service_requests_by_booking on app.service_requests (booking_id);
        create index service_requests_by_flight on app.service_requests (flight_id) where status = 'confirmed';
        create unique index service_requests_once on app.service_requests (passenger_id, segment_id, kind)
            where status = 'confirmed';

        create table app.service_allotments (
            flight_id uuid not null references app.flights (id),
            kind text not null,
            allotted integer not null,
            used integer not null,
            primary key (flight_id, kind),
            constraint service_allotments_within check (used between 0 and allotted)
        );
    """)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in ("service_allotments", "service_requests", "name_corrections"):
        op.execute(f"drop table app.{table}")

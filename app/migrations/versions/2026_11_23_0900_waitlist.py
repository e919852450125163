"""Make the waitlist."""

from alembic import op

revision = "waitlist"
down_revision = "accounts"
branch_labels = None
depends_on = None

ENTRIES = """
create table app.waitlist_entries (
    id uuid primary key,
    user_id uuid not null references app.users (id),
    flight_id uuid not null references app.flights (id),
    cabin text not null,
    passenger_types text[] not null,
    passenger_subject_ids uuid[] not null,
    contact_subject_id uuid not null,
    seats smallint not null check (seats between 1 and 9),
    max_total_minor bigint check (max_total_minor >= 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    priority smallint not null check (priority between 0 and 9),
    status text not null check (status in ('waiting', 'offered', 'converted', 'lapsed', 'left')),
    joined_at timestamptz not null,
    offered_at timestamptz,
    offer_expires_at timestamptz,
    booking_id uuid references app.bookings (id),
    ended_at timestamptz,
    end_reason text,
    request_id text not null,
    simulated boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint waitlist_entries_offer_is_held check (
        status not in ('offered', 'converted') or (booking_id is not null and offer_expires_at is not null)
    ),
    constraint waitlist_entries_end_once check (
        (ended_at is not null) = (status in ('converted', 'lapsed', 'left'))
    ),
    constraint waitlist_entries_max_has_currency check ((max_total_minor is null) = (currency is null))
);
create unique index waitlist_entries_one_live
    on app.waitlist_entries (user_id, flight_id, cabin) where status in ('waiting', 'offered');
create index waitlist_entries_queue
    on app.waitlist_entries (flight_id, cabin, priority desc, id) where status = 'waiting';
create index waitlist_entries_offered on app.waitlist_entries (offer_expires_at) where status = 'offered';
create index waitlist_entries_by_user on app.waitlist_entries (user_id, id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(ENTRIES)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.waitlist_entries")

"""Make groups and the bookings of their blocks, and let money be taken as a deposit."""

from alembic import op

revision = "groups"
down_revision = "email_change"
branch_labels = None
depends_on = None

GROUPS = """
create table app.groups (
    id uuid primary key,
    user_id uuid not null references app.users (id),
    contact_subject_id uuid not null,
    status text not null check (status in (
        'requested', 'quoted', 'confirmed', 'closed', 'declined', 'lapsed', 'cancelled'
    )),
    flight_ids uuid[] not null check (array_length(flight_ids, 1) between 1 and 8),
    cabin text not null,
    seats smallint not null check (seats between 10 and 200),
    requested_at timestamptz not null,
    quoted_at timestamptz,
    quote_expires_at timestamptz,
    legs jsonb,
    currency text check (currency ~ '^[A-Z]{3}$'),
    total_per_seat_minor bigint check (total_per_seat_minor >= 0),
    deposit_per_seat_minor bigint check (deposit_per_seat_minor between 0 and total_per_seat_minor),
    deposit_due_at timestamptz,
    names_due_at timestamptz,
    final_due_at timestamptz,
    confirmed_at timestamptz,
    ended_at timestamptz,
    request_id text not null,
    simulated boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint groups_quote_is_whole check (
        status not in ('quoted', 'confirmed', 'closed')
        or (legs is not null and currency is not null and total_per_seat_minor is not null
            and deposit_per_seat_minor is not null and final_due_at is not null)
    ),
    constraint groups_deadlines_in_order check (
        deposit_due_at <= names_due_at and names_due_at <= final_due_at
    )
);
create index groups_by_user on app.groups (user_id, id);
create index groups_open on app.groups (status, id) where status in ('requested', 'quoted', 'confirmed');

create table app.group_bookings (
    booking_id uuid primary key references app.bookings (id),
    group_id uuid not null references app.groups (id),
    deposit_minor bigint not null check (deposit_minor >= 0),
    deposit_paid_at timestamptz,
    settled_at timestamptz
);
create index group_bookings_by_group on app.group_bookings (group_id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(GROUPS)
    op.execute("alter table app.payments drop constraint payments_purpose_known")
    op.execute(
        "alter table app.payments add constraint payments_purpose_known "
        "check (purpose in ('booking', 'change', 'extras', 'deposit'))"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.payments drop constraint payments_purpose_known")
    op.execute(
        "alter table app.payments add constraint payments_purpose_known "
        "check (purpose in ('booking', 'change', 'extras'))"
    )
    op.execute("drop table app.group_bookings")
    op.execute("drop table app.groups")

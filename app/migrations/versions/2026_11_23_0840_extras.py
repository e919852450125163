"""Make orders of extras and their lines. Private: nothing downstream changes."""

from alembic import op

revision = "extras"
down_revision = "controls"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("""
        create table app.extras_orders (
            id uuid primary key,
            booking_id uuid not null references app.bookings (id),
            status text not null check (status in ('waiting', 'applied')),
            amount_minor bigint not null check (amount_minor >= 0),
            currency text not null check (currency ~ '^[A-Z]{3}$'),
            created_at timestamptz not null,
            expires_at timestamptz not null,
            applied_at timestamptz,
            constraint extras_orders_applied_once check ((status = 'applied') = (applied_at is not null))
        );
        create index extras_orders_by_booking on app.extras_orders (booking_id);

        create table app.extras_lines (
            id uuid primary key,
            order_id uuid not null references app.extras_orders (id),
            booking_id uuid not null references app.bookings (id),
            passenger_id uuid not null references app.passengers (id),
            segment_id uuid references app.segments (id),
            code text not null,
            description text not null,
            amount_minor bigint not null check (amount_minor >= 0),
            currency text not null,
            fulfil_kind text not null check (fulfil_kind in ('bag', 'meal', 'seat', 'service')),
            detail jsonb not null,
            item_id uuid references app.booking_items (id)
        );
        create index extras_lines_by_order on app.extras_lines (order_id);
        create index extras_lines_by_booking on app.extras_lines (booking_id);
    """)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.extras_lines")
    op.execute("drop table app.extras_orders")

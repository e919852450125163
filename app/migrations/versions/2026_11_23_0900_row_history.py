"""Keep what the rows of a booking were before each change, so that any moment can be read again.

Old rows are kept by statement triggers, whoever writes: inserts cost nothing, since a row is its own first
version from its created_at on. Hashes of people are left out, or erasing them would not be erasing.
Business time comes from the transaction's own setting, where a test clock is in force. Private."""

from alembic import op

revision = "row_history"
down_revision = "parts_of_bookings"
branch_labels = None
depends_on = None

TABLES = ("bookings", "passengers", "segments", "booking_items", "tickets", "coupons")


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("""
        create table app.row_history (
            id bigint generated always as identity primary key,
            table_name text not null,
            row_id uuid not null,
            booking_id uuid not null,
            was jsonb not null,
            ended_at timestamptz not null,
            recorded_at timestamptz not null default now()
        );
        create index row_history_by_booking on app.row_history (booking_id, table_name);
        create index row_history_by_row on app.row_history (row_id, ended_at, id);
        revoke update on app.row_history from app_rw;

        create function app.keep_old_rows() returns trigger language plpgsql as $$
        begin
            insert into app.row_history (table_name, row_id, booking_id, was, ended_at)
            select
                tg_table_name,
                (prior.was ->> 'id')::uuid,
                coalesce(prior.was ->> 'booking_id', prior.was ->> 'id')::uuid,
                prior.was - array[
                    'email_hash', 'phone_hash', 'device_hash', 'ip_hash', 'ip24_hash', 'surname_hashes',
                    'prior_hashes', 'ip_country', 'ip_airport'
                ],
                coalesce(
                    nullif(current_setting('contrail.business_time', true), '')::timestamptz,
                    transaction_timestamp()
                )
            from (select to_jsonb(old_rows) as was from old_rows) as prior;
            return null;
        end
        $$;
    """)
    for table in TABLES:
        op.execute(f"""
            create trigger {table}_keep_updated after update on app.{table}
                referencing old table as old_rows for each statement execute function app.keep_old_rows();
            create trigger {table}_keep_deleted after delete on app.{table}
                referencing old table as old_rows for each statement execute function app.keep_old_rows();
        """)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in TABLES:
        op.execute(f"drop trigger {table}_keep_updated on app.{table}")
        op.execute(f"drop trigger {table}_keep_deleted on app.{table}")
    op.execute("drop function app.keep_old_rows()")
    op.execute("drop table app.row_history")

"""Let parts of a booking be given back and exchanged, and keep quotes of changes.

A whole cancellation happens once by its own index; a part of one by the coupons it is for. A slice may be
taken by another's segments once those are exchanged, so only live ones claim their place.
Downstream: topic contrail.app.cancellations and raw rows carry is_whole and is_void; stg_cancellations reads
them. Segments and tickets know the status `exchanged`."""

from alembic import op

revision = "parts_of_bookings"
down_revision = "extras"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("""
        alter table app.cancellations
            add column is_whole boolean not null default true,
            add column is_void boolean not null default false;
        drop index app.cancellations_once;
        create unique index cancellations_once on app.cancellations (booking_id)
            where status = 'confirmed' and is_whole;

        create table app.cancellation_coupons (
            cancellation_id uuid not null references app.cancellations (id),
            coupon_id uuid not null references app.coupons (id),
            is_confirmed boolean not null default false,
            primary key (cancellation_id, coupon_id)
        );
        create unique index cancellation_coupons_once on app.cancellation_coupons (coupon_id)
            where is_confirmed;

        alter table app.tickets drop constraint tickets_status_check;
        alter table app.tickets add constraint tickets_status_check
            check (status in ('issued', 'void', 'refunded', 'exchanged'));
        alter table app.segments drop constraint segments_status_check;
        alter table app.segments add constraint segments_status_check
            check (status in ('live', 'cancelled', 'exchanged'));
        create unique index segments_place_taken
            on app.segments (booking_id, slice_number, segment_number) where status <> 'exchanged';
        alter table app.segments drop constraint segments_place_key;

        create table app.changes (
            id uuid primary key,
            booking_id uuid not null references app.bookings (id),
            status text not null check (status in ('quoted', 'confirmed', 'superseded')),
            offer_id uuid not null,
            offer jsonb not null,
            slice_numbers integer[] not null,
            old_fare_minor bigint not null check (old_fare_minor >= 0),
            old_tax_minor bigint not null check (old_tax_minor >= 0),
            new_fare_minor bigint not null check (new_fare_minor >= 0),
            new_tax_minor bigint not null check (new_tax_minor >= 0),
            seats_back_minor bigint not null check (seats_back_minor >= 0),
            penalty_minor bigint not null check (penalty_minor >= 0),
            currency text not null check (currency ~ '^[A-Z]{3}$'),
            quoted_at timestamptz not null,
            expires_at timestamptz not null,
            confirmed_at timestamptz,
            refund_ids uuid[] not null default '{}',
            constraint changes_confirmed_once check ((status = 'confirmed') = (confirmed_at is not null))
        );
        create unique index changes_newest_quote on app.changes (booking_id) where status = 'quoted';

        create table app.change_coupons (
            change_id uuid not null references app.changes (id),
            coupon_id uuid not null references app.coupons (id),
            is_confirmed boolean not null default false,
            primary key (change_id, coupon_id)
        );
        create unique index change_coupons_once on app.change_coupons (coupon_id) where is_confirmed;
    """)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("""
        drop table app.change_coupons;
        drop table app.changes;
        drop table app.cancellation_coupons;
        drop index app.cancellations_once;
        create unique index cancellations_once on app.cancellations (booking_id) where status = 'confirmed';
        alter table app.cancellations drop column is_void, drop column is_whole;
        drop index app.segments_place_taken;
        -- What the release before does not know: exchanged slices are cancelled ones in places of their own.
        update app.segments as segment
        set status = 'cancelled', slice_number = 1000 + exchanged.place
        from (
            select id, row_number() over (partition by booking_id order by id) as place
            from app.segments
            where status = 'exchanged'
        ) as exchanged
        where segment.id = exchanged.id;
        update app.tickets set status = 'refunded' where status = 'exchanged';
        alter table app.segments add constraint segments_place_key
            unique (booking_id, slice_number, segment_number);
        alter table app.segments drop constraint segments_status_check;
        alter table app.segments add constraint segments_status_check check (status in ('live', 'cancelled'));
        alter table app.tickets drop constraint tickets_status_check;
        alter table app.tickets add constraint tickets_status_check
            check (status in ('issued', 'void', 'refunded'));
    """)

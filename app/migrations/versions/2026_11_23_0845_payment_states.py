"""Let payments wait for their customer, be set aside, be disputed, and be paid by travel credit.

Downstream: app.payments gains beside_id and travel_credit_id, app.bookings gains dispute_status (stg_payments
and stg_bookings read them); app.journal_entries may hold five more accounts."""

from alembic import op

revision = "payment_states"
down_revision = "waitlist"
branch_labels = None
depends_on = None

ACCOUNTS = ("gateway", "customer", "revenue", "taxes", "penalties")
MORE_ACCOUNTS = ("credits", "compensation", "breakage", "disputes", "losses")

PAYMENTS = """
alter table app.payments
    add column beside_id uuid,
    add column travel_credit_id uuid,
    add constraint payments_credit_named check ((gateway = 'travel_credit') = (travel_credit_id is not null));
create index payments_beside on app.payments (beside_id) where beside_id is not null;
create index payments_unfinished on app.payments (updated_at) where status in ('requires_action', 'authorised');
alter table app.bookings
    add column dispute_status text check (dispute_status in ('open', 'won', 'lost'));

create function app.payments_move_forward() returns trigger language plpgsql as $$
begin
    if old.status <> new.status and (old.status, new.status) not in (
        ('created', 'requires_action'), ('created', 'authorised'), ('created', 'captured'),
        ('created', 'failed'), ('created', 'voided'),
        ('requires_action', 'authorised'), ('requires_action', 'captured'),
        ('requires_action', 'failed'), ('requires_action', 'voided'),
        ('authorised', 'captured'), ('authorised', 'failed'), ('authorised', 'voided'),
        ('captured', 'partially_refunded'), ('captured', 'refunded'), ('captured', 'disputed'),
        ('partially_refunded', 'refunded'), ('partially_refunded', 'disputed'),
        ('refunded', 'disputed'),
        ('disputed', 'won'), ('disputed', 'lost'),
        ('won', 'partially_refunded'), ('won', 'refunded'), ('won', 'disputed')
    ) then
        raise exception 'a payment that is % cannot become %', old.status, new.status
            using errcode = 'check_violation', constraint = 'payments_move_forward';
    end if;
    return new;
end
$$;
create trigger payments_move_forward before update of status on app.payments
    for each row execute function app.payments_move_forward();
"""

TABLES = """
create table app.payment_actions (
    payment_id uuid primary key references app.payments (id),
    url text not null,
    created_at timestamptz not null
);

create table app.travel_credits (
    id uuid primary key,
    user_id uuid references app.users (id),
    booking_id uuid not null references app.bookings (id),
    source text not null check (source in ('refund', 'compensation')),
    reason text not null,
    issued_minor bigint not null check (issued_minor > 0),
    left_minor bigint not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    expires_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null default now(),
    constraint travel_credits_within_issue check (left_minor between 0 and issued_minor)
);
create index travel_credits_by_user on app.travel_credits (user_id, expires_at);
create index travel_credits_living on app.travel_credits (expires_at) where left_minor > 0;

create table app.disputes (
    id uuid primary key,
    payment_id uuid not null references app.payments (id),
    booking_id uuid not null references app.bookings (id),
    gateway text not null,
    reference text not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    status text not null check (status in ('open', 'won', 'lost')),
    reason text not null,
    opened_at timestamptz not null,
    closed_at timestamptz,
    updated_at timestamptz not null default now(),
    unique (gateway, reference),
    check ((status = 'open') = (closed_at is null))
);
create index disputes_by_booking on app.disputes (booking_id);

create table app.gateway_events (
    gateway text not null,
    event_id text not null,
    type text not null,
    outcome text not null,
    received_at timestamptz not null,
    primary key (gateway, event_id)
);
create index gateway_events_by_age on app.gateway_events (received_at);
"""


def _accounts(names: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"""
        alter table app.journal_entries
            drop constraint journal_entries_account_check,
            add constraint journal_entries_account_check check (account in ({listed})) not valid;
        alter table app.journal_entries validate constraint journal_entries_account_check;
    """


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(PAYMENTS)
    op.execute(TABLES)
    op.execute(_accounts(ACCOUNTS + MORE_ACCOUNTS))


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(_accounts(ACCOUNTS))
    for table in ("gateway_events", "disputes", "travel_credits", "payment_actions"):
        op.execute(f"drop table app.{table}")
    op.execute("drop trigger payments_move_forward on app.payments")
    op.execute("drop function app.payments_move_forward()")
    op.execute("drop index app.payments_unfinished")
    op.execute("alter table app.bookings drop column dispute_status")
    op.execute("alter table app.payments drop column travel_credit_id, drop column beside_id")

"""Make payments, refunds and the journal; events, idempotency, deliveries and the test clock."""

from alembic import op

revision = "0006_payments"
down_revision = "0005_bookings"
branch_labels = None
depends_on = None

PAYMENTS = """
create table app.payments (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    gateway text not null,
    status text not null check (status in (
        'created', 'requires_action', 'authorised', 'captured', 'partially_refunded', 'refunded',
        'disputed', 'won', 'lost', 'failed', 'voided'
    )),
    amount_minor bigint not null check (amount_minor > 0),
    refunded_minor bigint not null default 0,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    decline_code text,
    card_hash text,
    card_country text,
    card_brand text,
    card_last4 text check (card_last4 ~ '^[0-9]{4}$'),
    email_hash text,
    device_hash text,
    ip_hash text,
    ip24_hash text,
    prior_hashes jsonb,
    payer_surname_matches boolean,
    fraud_decision text not null check (fraud_decision in ('allow', 'review', 'step_up', 'block')),
    fraud_score integer not null check (fraud_score between 0 and 100),
    fraud_reasons jsonb not null default '[]',
    provider_reference text,
    created_at timestamptz not null,
    attempted_at timestamptz not null default now(),
    captured_at timestamptz,
    failed_at timestamptz,
    request_id text not null,
    simulated boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint payments_refund_within_capture check (refunded_minor between 0 and amount_minor)
) partition by range (id);
create index payments_by_booking on app.payments (booking_id);
create index payments_unresolved on app.payments (attempted_at) where status = 'created';
create table app.payments_default partition of app.payments default;
alter table app.payments_default replica identity full;
alter table app.payments replica identity full;

create table app.provider_references (
    gateway text not null,
    reference text not null,
    payment_id uuid not null,
    primary key (gateway, reference)
);

create table app.refunds (
    id uuid primary key,
    payment_id uuid not null references app.payments (id),
    booking_id uuid not null references app.bookings (id),
    cancellation_id uuid references app.cancellations (id),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    status text not null check (status in ('created', 'in_transit', 'done', 'failed', 'cancelled')),
    reason text not null,
    provider_reference text,
    created_at timestamptz not null,
    attempted_at timestamptz not null default now(),
    done_at timestamptz,
    updated_at timestamptz not null default now()
);
create index refunds_by_payment on app.refunds (payment_id);
create unique index refunds_once_per_cancellation on app.refunds (cancellation_id, payment_id)
    where status <> 'failed';
create index refunds_unresolved on app.refunds (attempted_at) where status in ('created', 'in_transit');
"""

# Double entry: debits positive, credits negative, zero per transaction and currency.
JOURNAL = """
create table app.journal_entries (
    id uuid primary key,
    transaction_id uuid not null,
    account text not null check (account in ('gateway', 'customer', 'revenue', 'taxes', 'penalties')),
    amount_minor bigint not null check (amount_minor <> 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    booking_id uuid not null references app.bookings (id),
    payment_id uuid,
    refund_id uuid,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default now()
);
create index journal_entries_by_transaction on app.journal_entries (transaction_id);
create index journal_entries_by_booking on app.journal_entries (booking_id);

create function app.journal_balances() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from app.journal_entries where transaction_id = new.transaction_id
        group by currency having sum(amount_minor) <> 0
    ) then
        raise exception 'journal transaction % does not sum to zero', new.transaction_id
            using errcode = 'check_violation', constraint = 'journal_balances';
    end if;
    return null;
end
$$;
create constraint trigger journal_balances after insert or update on app.journal_entries
    deferrable initially deferred for each row execute function app.journal_balances();
"""

EVENTS = """
create table app.domain_events (
    id uuid primary key,
    type text not null check (type ~ '^[A-Z][A-Za-z]+$'),
    entity_type text not null,
    entity_id uuid not null,
    booking_id uuid,
    subject_id uuid,
    actor_id uuid,
    payload jsonb not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    request_id text not null,
    simulated boolean not null default false
) partition by range (id);
create index domain_events_by_entity on app.domain_events (entity_type, entity_id, id);
create index domain_events_by_booking on app.domain_events (booking_id, id) where booking_id is not null;
create table app.domain_events_default partition of app.domain_events default;
alter table app.domain_events_default replica identity full;
alter table app.domain_events replica identity full;

create function app.events_are_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'domain_events is append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger domain_events_append_only before update or delete on app.domain_events
    for each row execute function app.events_are_append_only();
revoke update, delete on app.domain_events from app_rw;

create table app.idempotency_records (
    caller text not null,
    route text not null,
    key text not null check (length(key) between 1 and 255),
    body_hash bytea not null,
    status_code integer not null,
    response jsonb not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (caller, route, key)
);
create index idempotency_records_by_expiry on app.idempotency_records (expires_at);

create table app.notification_deliveries (
    request_id uuid primary key,
    event_id uuid not null,
    booking_id uuid,
    subject_id uuid not null,
    channel text not null check (channel in ('email')),
    template text not null,
    status text not null check (status in ('claimed', 'sent', 'failed')),
    attempts integer not null check (attempts > 0),
    claimed_until timestamptz,
    message_id text not null,
    last_error text,
    sent_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index notification_deliveries_open on app.notification_deliveries (claimed_until)
    where status = 'claimed';

-- At most one row: while it exists and is paused, history plays and the timed chores wait for it.
create table app.test_clock (
    id smallint primary key check (id = 1),
    now_at timestamptz not null,
    paused boolean not null,
    updated_at timestamptz not null default now()
);

create table app.heartbeat (
    id smallint primary key,
    beat_at timestamptz not null
);
insert into app.heartbeat values (1, now());
"""

FRAUD_RULES = """
create table app.fraud_rules (
    id text not null,
    version integer not null check (version > 0),
    title text not null,
    rule_group text not null,
    windows jsonb not null,
    weight integer not null check (weight between 1 and 100),
    mode text not null check (mode in ('shadow', 'review', 'block')),
    effective_from timestamptz not null,
    effective_to timestamptz,
    primary key (id, version),
    constraint fraud_rules_one_at_a_time exclude using gist (
        id with =, tstzrange(effective_from, effective_to) with &&
    )
);
insert into app.fraud_rules values
    ('CT1', 1, 'distinct cards tried per address or device, at least one declined', 'CT',
     '[{"seconds": 600, "limits": {"ip": 4, "device": 4}}]', 40, 'review', '2000-01-01T00:00:00Z', null),
    ('V1', 1, 'bookings per card, e-mail, device or address', 'V',
     '[{"seconds": 3600, "limits": {"card": 3, "email": 5, "device": 3, "ip": 10}},
       {"seconds": 86400, "limits": {"card": 5, "email": 8, "device": 6, "ip": 25}}]',
     25, 'review', '2000-01-01T00:00:00Z', null),
    ('S1', 1, 'holds left to expire unpaid per address, device or account', 'S',
     '[{"seconds": 1800, "limits": {"ip": 3, "device": 3, "account": 3}},
       {"seconds": 86400, "limits": {"ip": 8, "device": 8, "account": 8}}]',
     30, 'review', '2000-01-01T00:00:00Z', null);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for tables in (PAYMENTS, JOURNAL, EVENTS, FRAUD_RULES):
        op.execute(tables)
    op.execute("select app.ensure_month_partitions(3)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in (
        "fraud_rules",
        "heartbeat",
        "test_clock",
        "notification_deliveries",
        "idempotency_records",
        "domain_events",
        "journal_entries",
        "refunds",
        "provider_references",
        "payments",
    ):
        op.execute(f"drop table app.{table}")
    op.execute("drop function app.events_are_append_only()")
    op.execute("drop function app.journal_balances()")

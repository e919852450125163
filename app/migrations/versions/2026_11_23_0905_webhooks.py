"""Make what webhooks out need: endpoints and their deliveries."""

from alembic import op

revision = "webhooks"
down_revision = "disruptions"
branch_labels = None
depends_on = None

WEBHOOKS = """
create table app.webhook_endpoints (
    id uuid primary key,
    user_id uuid not null references app.users (id),
    url text not null check (url ~ '^https?://'),
    event_types text[] check (cardinality(event_types) > 0),
    status text not null check (status in ('active', 'disabled')),
    disabled_reason text,
    secret_id uuid not null,
    previous_secret_id uuid,
    previous_secret_until timestamptz,
    position uuid not null,
    version integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null default now(),
    constraint webhook_endpoints_say_why check ((status = 'disabled') = (disabled_reason is not null))
);
create index webhook_endpoints_by_user on app.webhook_endpoints (user_id, id);
create index webhook_endpoints_active on app.webhook_endpoints (id) where status = 'active';

create table app.webhook_deliveries (
    id uuid primary key,
    endpoint_id uuid not null references app.webhook_endpoints (id) on delete cascade,
    event_id uuid not null,
    event_type text not null,
    booking_id uuid,
    occurred_at timestamptz not null,
    status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    attempts integer not null default 0 check (attempts >= 0),
    due_since timestamptz not null default now(),
    next_attempt_at timestamptz not null default now(),
    last_status integer,
    last_error text,
    created_at timestamptz not null default now(),
    delivered_at timestamptz,
    constraint webhook_deliveries_once unique (endpoint_id, event_id)
);
create index webhook_deliveries_due on app.webhook_deliveries (next_attempt_at) where status = 'pending';
create index webhook_deliveries_by_endpoint on app.webhook_deliveries (endpoint_id, id);
create index webhook_deliveries_old on app.webhook_deliveries (created_at) where status <> 'pending';
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(WEBHOOKS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.webhook_deliveries")
    op.execute("drop table app.webhook_endpoints")

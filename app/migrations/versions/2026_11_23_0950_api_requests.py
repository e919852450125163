"""Make the log of what is asked with API keys."""

from alembic import op

revision = "api_requests"
down_revision = "webhooks"
branch_labels = None
depends_on = None

API_REQUESTS = """
create table app.api_requests (
    id uuid primary key,
    api_key_id uuid not null references app.api_keys (id) on delete cascade,
    method text not null,
    route text not null,
    status integer not null check (status between 100 and 599),
    duration_ms integer not null check (duration_ms >= 0),
    request_id text not null,
    asked_at timestamptz not null
);
create index api_requests_by_key on app.api_requests (api_key_id, id);
create index api_requests_by_age on app.api_requests (asked_at);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(API_REQUESTS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.api_requests")

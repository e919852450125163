"""Make the search events, by month.

Captured: topic contrail.app.search_events, its raw rows, stg_search_events and int_search_events_current are new."""

from alembic import op

revision = "search_events"
down_revision = "pricing_rules"
branch_labels = None
depends_on = None

SEARCH_EVENTS = """
create table app.search_events (
    id uuid primary key,
    kind text not null check (kind in ('search', 'look')),
    offer_request_id uuid not null,
    offer_id uuid,
    user_id uuid,
    session_hash text,
    source text not null,
    origin text not null,
    destination text not null,
    departure_date date not null,
    slices smallint not null check (slices > 0),
    stay_days integer,
    cabin text not null,
    adults smallint not null,
    children smallint not null,
    infants smallint not null,
    max_stops smallint,
    sort text,
    offers_found integer,
    total_minor bigint,
    currency text,
    availability_age_ms bigint,
    took_ms integer,
    occurred_at timestamptz not null,
    request_id text not null,
    simulated boolean not null default false,
    constraint search_events_look_at_an_offer check ((kind = 'look') = (offer_id is not null))
) partition by range (id);
create table app.search_events_default partition of app.search_events default;
alter table app.search_events_default replica identity full;
alter table app.search_events replica identity full;
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(SEARCH_EVENTS)
    op.execute("select app.ensure_month_partitions(3)")
    op.execute("alter publication contrail add table app.search_events")
    op.execute("grant select on app.search_events to cdc")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter publication contrail drop table app.search_events")
    op.execute("drop table app.search_events")

"""Make the audit log: append-only entries by month, found by words, and the chain that seals them."""

from alembic import op

revision = "audit"
down_revision = "vault_secrets"
branch_labels = None
depends_on = None

# Which tables have months is asked of the catalogue, so that a new one needs no new function.
# A partition takes over its root's replica identity, which Postgres does not inherit.
ENSURE_PARTITIONS = """
create or replace function app.ensure_month_partitions(months_ahead integer)
returns integer language plpgsql security definer set search_path = pg_catalog, app as $$
declare
    parent record;
    month timestamptz;
    partition text;
    made integer := 0;
begin
    for parent in
        select class.relname as name, class.relreplident = 'f' as is_full
        from pg_partitioned_table as partitioned
        join pg_class as class on class.oid = partitioned.partrelid
        join pg_namespace as namespace on namespace.oid = class.relnamespace
        where namespace.nspname = 'app' and partitioned.partstrat = 'r'
        order by class.relname
    loop
        for month in
            select generate_series(
                date_trunc('month', now() at time zone 'UTC') - interval '1 month',
                date_trunc('month', now() at time zone 'UTC') + make_interval(months => months_ahead),
                interval '1 month'
            ) at time zone 'UTC'
        loop
            partition := parent.name || to_char(month at time zone 'UTC', '_YYYY_MM');
            if to_regclass('app.' || partition) is null then
                execute format(
                    'create table app.%I partition of app.%I for values from (%L) to (%L)',
                    partition, parent.name,
                    app.uuid_floor(month), app.uuid_floor(month + interval '1 month')
                );
                if parent.is_full then
                    execute format('alter table app.%I replica identity full', partition);
                end if;
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end
$$;
"""

ENSURE_PARTITIONS_BEFORE = """
create or replace function app.ensure_month_partitions(months_ahead integer)
returns integer language plpgsql security definer set search_path = pg_catalog, app as $$
declare
    parent text;
    month timestamptz;
    partition text;
    made integer := 0;
begin
    foreach parent in array array['bookings', 'payments', 'domain_events'] loop
        for month in
            select generate_series(
                date_trunc('month', now() at time zone 'UTC') - interval '1 month',
                date_trunc('month', now() at time zone 'UTC') + make_interval(months => months_ahead),
                interval '1 month'
            ) at time zone 'UTC'
        loop
            partition := parent || to_char(month at time zone 'UTC', '_YYYY_MM');
            if to_regclass('app.' || partition) is null then
                execute format(
                    'create table app.%I partition of app.%I for values from (%L) to (%L)',
                    partition, parent,
                    app.uuid_floor(month), app.uuid_floor(month + interval '1 month')
                );
                execute format('alter table app.%I replica identity full', partition);
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end
$$;
"""

ENTRIES = """
create table app.audit_entries (
    id uuid primary key,
    kind text not null check (kind in ('change', 'security')),
    action text not null check (action ~ '^[a-z_]+([.][a-z_]+)+$'),
    entity_type text not null check (entity_type ~ '^[a-z_]+$'),
    entity_id text,
    actor_kind text not null check (actor_kind in ('user', 'guest', 'api_key', 'service', 'system', 'unknown')),
    actor_id uuid,
    actor_name text,
    actor_roles text[] not null default '{}',
    before jsonb,
    after jsonb,
    reason text check (length(reason) <= 500),
    request_id text not null,
    ip_hash text,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    simulated boolean not null default false,
    words tsvector not null generated always as (
        to_tsvector('english', translate(action || ' ' || entity_type, '._', '  ') || ' ' || coalesce(reason, ''))
        || to_tsvector('simple', translate(action || ' ' || entity_type, '._', '  ') || ' '
            || coalesce(reason, '') || ' ' || coalesce(entity_id, '') || ' ' || coalesce(actor_name, ''))
        || jsonb_to_tsvector('simple', coalesce(before, '{}'), '["all"]')
        || jsonb_to_tsvector('simple', coalesce(after, '{}'), '["all"]')
    ) stored
) partition by range (id);
create index audit_entries_by_entity on app.audit_entries (entity_type, entity_id, id);
create index audit_entries_by_actor on app.audit_entries (actor_id, id) where actor_id is not null;
create index audit_entries_by_action on app.audit_entries (action, id);
create index audit_entries_by_words on app.audit_entries using gin (words);
create table app.audit_entries_default partition of app.audit_entries default;

create table app.audit_chain (
    position bigint primary key check (position > 0),
    entry_id uuid not null constraint audit_chain_once unique,
    digest bytea not null check (length(digest) = 32),
    sealed_at timestamptz not null default now()
);

create function app.rows_are_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_argv[0] using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_entries_append_only before update or delete on app.audit_entries
    for each row execute function app.rows_are_append_only('audit_entries');
create trigger audit_chain_append_only before update or delete on app.audit_chain
    for each row execute function app.rows_are_append_only('audit_chain');
revoke update, delete on app.audit_entries, app.audit_entries_default, app.audit_chain from app_rw;
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(ENSURE_PARTITIONS)
    op.execute(ENTRIES)
    op.execute("select app.ensure_month_partitions(3)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.audit_chain")
    op.execute("drop table app.audit_entries")
    op.execute("drop function app.rows_are_append_only()")
    op.execute(ENSURE_PARTITIONS_BEFORE)

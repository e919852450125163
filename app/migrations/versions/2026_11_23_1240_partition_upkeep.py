"""Make months ahead of any moment, move out what fell into a default partition, and retire old months.

A default partition takes a row that no month was made for, so that it is not refused. It is a stopgap: rows in
it stand in the way of their month. So making a month moves them out. They leave as deletes and come back as
inserts of the same key in the same transaction, through the root, so whoever follows the publication stays
right. Triggers and foreign keys stay silent meanwhile: the row is the same row."""

from alembic import op

revision = "partition_upkeep"
down_revision = "departures_told"
branch_labels = None
depends_on = None

# A bound is a moment of UTC, whatever the session's zone.
ENSURE = """
drop function app.ensure_month_partitions(integer);

create function app.ensure_month_partitions(months_ahead integer, moment timestamptz default now())
returns integer language plpgsql security definer
set search_path = pg_catalog, app, pg_temp set timezone = 'UTC' as $$
declare
    parent record;
    month timestamptz;
    made integer := 0;
begin
    for parent in
        select class.relname as name
        from pg_partitioned_table as partitioned
        join pg_class as class on class.oid = partitioned.partrelid
        join pg_namespace as namespace on namespace.oid = class.relnamespace
        where namespace.nspname = 'app' and partitioned.partstrat = 'r'
        order by class.relname
    loop
        for month in
            select generate_series(
                date_trunc('month', moment) - interval '1 month',
                date_trunc('month', moment) + make_interval(months => months_ahead),
                interval '1 month'
            )
            union
            select found.month from app.months_in_default(parent.name) as found
            order by 1
        loop
            if to_regclass(format('app.%I', parent.name || to_char(month, '_YYYY_MM'))) is null then
                perform app.make_month_partition(parent.name, month);
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end
$$;
revoke all on function app.ensure_month_partitions(integer, timestamptz) from public;
grant execute on function app.ensure_month_partitions(integer, timestamptz) to app_rw;
"""

# An id that holds no moment stays where it is, and stays counted.
MONTHS_IN_DEFAULT = """
create function app.months_in_default(parent text)
returns table (month timestamptz) language plpgsql stable
set search_path = pg_catalog, app, pg_temp set timezone = 'UTC' as $$
begin
    return query execute format(
        'select distinct date_trunc(''month'', uuid_extract_timestamp(id)) from app.%I '
        'where uuid_extract_timestamp(id) is not null',
        parent || '_default'
    );
end
$$;
revoke all on function app.months_in_default(text) from public;
"""

# A partition takes over its root's replica identity, which Postgres does not inherit.
MAKE = """
create function app.make_month_partition(parent text, month timestamptz)
returns void language plpgsql
set search_path = pg_catalog, app, pg_temp set timezone = 'UTC' as $$
declare
    partition text := parent || to_char(month, '_YYYY_MM');
    bounds text := format('id >= %L and id < %L', app.uuid_floor(month), app.uuid_floor(month + interval '1 month'));
    columns text;
    is_waited_for boolean;
begin
    execute format('select exists (select 1 from app.%I where %s)', parent || '_default', bounds) into is_waited_for;
    if is_waited_for then
        select string_agg(quote_ident(attname), ', ' order by attnum) into columns
        from pg_attribute
        where attrelid = format('app.%I', parent)::regclass
            and attnum > 0 and not attisdropped and attgenerated = '';
        execute format('lock table app.%I in access exclusive mode', parent);
        execute format(
            'create temporary table moved_rows on commit drop as select %s from app.%I where %s',
            columns, parent || '_default', bounds
        );
        perform set_config('session_replication_role', 'replica', true);
        execute format('delete from app.%I where %s', parent || '_default', bounds);
    end if;
    execute format(
        'create table app.%I partition of app.%I for values from (%L) to (%L)',
        partition, parent, app.uuid_floor(month), app.uuid_floor(month + interval '1 month')
    );
    if (select relreplident = 'f' from pg_class where oid = format('app.%I', parent)::regclass) then
        execute format('alter table app.%I replica identity full', partition);
    end if;
    if is_waited_for then
        execute format('insert into app.%I (%s) select %s from moved_rows', parent, columns, columns);
        perform set_config('session_replication_role', 'origin', true);
        drop table moved_rows;
    end if;
end
$$;
revoke all on function app.make_month_partition(text, timestamptz) from public;
"""

COUNT = """
create function app.rows_without_partition()
returns table (parent text, misplaced bigint) language plpgsql security definer stable
set search_path = pg_catalog, app, pg_temp as $$
begin
    for parent in
        select class.relname
        from pg_partitioned_table as partitioned
        join pg_class as class on class.oid = partitioned.partrelid
        where class.relnamespace = 'app'::regnamespace and partitioned.partstrat = 'r'
        order by class.relname
    loop
        -- That there are some is what matters; counting on would cost the more the worse it is.
        execute format('select count(*) from (select 1 from app.%I limit 100000) as seen', parent || '_default')
            into misplaced;
        return next;
    end loop;
end
$$;
revoke all on function app.rows_without_partition() from public;
grant execute on function app.rows_without_partition() to app_rw, app_ro;
"""

# Not CONCURRENTLY: Postgres refuses that beside a default partition. The lock is held for the moment the
# catalogue takes; who cannot have it within lock_timeout tries again at the next run.
RETIRE = """
create schema retired;
revoke all on schema retired from public;

create function app.retire_month_partition(parent text, months_kept integer, moment timestamptz default now())
returns text language plpgsql security definer
set search_path = pg_catalog, app, pg_temp set timezone = 'UTC' as $$
declare
    partition text;
begin
    if parent not in ('search_events', 'domain_events', 'audit_entries') or months_kept < 1 then
        raise exception 'months of % are not retired', parent using errcode = 'insufficient_privilege';
    end if;
    select class.relname into partition
    from pg_inherits
    join pg_class as class on class.oid = pg_inherits.inhrelid
    where pg_inherits.inhparent = format('app.%I', parent)::regclass
        and class.relname ~ ('^' || parent || '_[0-9]{4}_[0-9]{2}$')
        and to_date(right(class.relname, 7), 'YYYY_MM')
            < date_trunc('month', moment) - make_interval(months => months_kept)
    order by class.relname
    limit 1;
    if partition is not null then
        execute format('alter table app.%I detach partition app.%I', parent, partition);
        execute format('alter table app.%I set schema retired', partition);
        execute format('revoke all on retired.%I from app_rw, app_ro, cdc, live_rw', partition);
        execute format('comment on table retired.%I is %L', partition, moment::text);
    end if;
    return partition;
end
$$;

create function app.drop_retired_partition(days_kept integer, moment timestamptz default now())
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    partition text;
begin
    if days_kept < 1 then
        raise exception 'a retired month is kept for a day at least' using errcode = 'insufficient_privilege';
    end if;
    select class.relname into partition
    from pg_class as class
    where class.relnamespace = 'retired'::regnamespace and class.relkind = 'r'
        and obj_description(class.oid, 'pg_class')::timestamptz < moment - make_interval(days => days_kept)
    order by class.relname
    limit 1;
    if partition is not null then
        execute format('drop table retired.%I', partition);
    end if;
    return partition;
end
$$;
revoke all on function app.retire_month_partition(text, integer, timestamptz) from public;
revoke all on function app.drop_retired_partition(integer, timestamptz) from public;
grant execute on function app.retire_month_partition(text, integer, timestamptz) to app_rw;
grant execute on function app.drop_retired_partition(integer, timestamptz) to app_rw;
"""

BEFORE = """
create function app.ensure_month_partitions(months_ahead integer)
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
revoke all on function app.ensure_month_partitions(integer) from public;
grant execute on function app.ensure_month_partitions(integer) to app_rw;
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for part in (MONTHS_IN_DEFAULT, MAKE, ENSURE, COUNT, RETIRE):
        op.execute(part)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for function in (
        "drop_retired_partition(integer, timestamptz)",
        "retire_month_partition(text, integer, timestamptz)",
        "rows_without_partition()",
        "ensure_month_partitions(integer, timestamptz)",
        "make_month_partition(text, timestamptz)",
        "months_in_default(text)",
    ):
        op.execute(f"drop function app.{function}")
    op.execute("drop schema retired cascade")
    op.execute(BEFORE)

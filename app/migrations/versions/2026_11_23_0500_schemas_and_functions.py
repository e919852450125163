"""Make the schemas, who may look into them, and the functions that constraints and partitions need."""

from alembic import op

revision = "0001_schemas"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = """
create extension if not exists btree_gist;

create schema if not exists app;
create schema if not exists vault;
create schema if not exists live;

revoke all on schema vault from public;
grant usage on schema app to app_rw, app_ro, cdc, live_rw;
grant usage on schema vault to app_rw;
grant usage on schema live to app_rw, app_ro, cdc, live_rw, bi_reader;

alter default privileges in schema app grant select, insert, update, delete on tables to app_rw;
alter default privileges in schema app grant select on tables to app_ro;
alter default privileges in schema vault grant select, insert, update, delete on tables to app_rw;
alter default privileges in schema live grant select, insert, update, delete on tables to live_rw;
alter default privileges in schema live grant select on tables to app_rw, app_ro, bi_reader;
"""

# Nested booking limits: class i may sell what is left of limit i after all sales in i and below.
# plpgsql on purpose: the same rule as an SQL expression costs about five times as much per update.
INVENTORY_IS_SOUND = """
create function app.inventory_is_sound(authorised integer, limits integer[], held integer[], sold integer[])
returns boolean language plpgsql immutable parallel safe as $$
declare
    classes integer := array_length(limits, 1);
    used integer := 0;
begin
    if classes is null
        or array_length(held, 1) is distinct from classes
        or array_length(sold, 1) is distinct from classes
        or limits[1] <> authorised then
        return false;
    end if;
    for i in reverse classes..1 loop
        if held[i] < 0 or sold[i] < 0 or limits[i] < 0 then
            return false;
        end if;
        if i > 1 and limits[i] > limits[i - 1] then
            return false;
        end if;
        used := used + held[i] + sold[i];
        if used > limits[i] then
            return false;
        end if;
    end loop;
    return true;
end
$$;
"""

# What each fare class can still sell: the tightest of the limits above it, itself included.
SEATS_OPEN = """
create function app.seats_open(limits integer[], held integer[], sold integer[])
returns integer[] language plpgsql immutable parallel safe as $$
declare
    classes integer := array_length(limits, 1);
    used integer := 0;
    left_at integer[] := limits;
begin
    for i in reverse classes..1 loop
        used := used + held[i] + sold[i];
        left_at[i] := limits[i] - used;
    end loop;
    for i in 2..classes loop
        left_at[i] := least(left_at[i], left_at[i - 1]);
    end loop;
    return left_at;
end
$$;
"""

# The smallest UUIDv7 of a moment: monthly partitions are ranges of these.
UUID_FLOOR = """
create function app.uuid_floor(moment timestamptz)
returns uuid language sql immutable parallel safe as $$
    select (
        lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || '00000000000000000000'
    )::uuid
$$;
"""

# The application role has no DDL; this is the one door by which its chore makes partitions ahead.
# The root's replica identity is not inherited, so each partition gets its own.
ENSURE_PARTITIONS = """
create function app.ensure_month_partitions(months_ahead integer)
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


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(SCHEMAS)
    for function in (INVENTORY_IS_SOUND, SEATS_OPEN, UUID_FLOOR, ENSURE_PARTITIONS):
        op.execute(function)
    op.execute("revoke all on function app.ensure_month_partitions(integer) from public")
    op.execute("grant execute on function app.ensure_month_partitions(integer) to app_rw")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop function app.ensure_month_partitions(integer)")
    op.execute("drop function app.uuid_floor(timestamptz)")
    op.execute("drop function app.seats_open(integer[], integer[], integer[])")
    op.execute("drop function app.inventory_is_sound(integer, integer[], integer[], integer[])")
    op.execute("drop schema live")
    op.execute("drop schema vault")

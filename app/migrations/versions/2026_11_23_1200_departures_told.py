"""Tell programs that keep departures in memory which flights were changed or taken away.

A new flight is told of by the availability flow, once it has seats. Nothing downstream changes."""

from alembic import op

revision = "departures_told"
down_revision = "payment_shares"
branch_labels = None
depends_on = None

# A notification holds 8,000 bytes: 200 ids with commas between.
FUNCTIONS = """
create function app.tell_departures_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('departures', string_agg(told.id::text, ','))
    from (
        select new_row.id, (row_number() over ()) / 200 as portion
        from new_rows as new_row
        join old_rows as old_row on old_row.id = new_row.id
        where (old_row.status, old_row.departs_at, old_row.arrives_at, old_row.aircraft_type,
                old_row.distance_km, old_row.destination)
            is distinct from (new_row.status, new_row.departs_at, new_row.arrives_at, new_row.aircraft_type,
                new_row.distance_km, new_row.destination)
    ) as told
    group by told.portion;
    perform pg_notify('departures', string_agg(told.departure_date::text, ','))
    from (
        select departure_date, (row_number() over ()) / 200 as portion
        from (
            select distinct old_row.departure_date
            from old_rows as old_row
            left join new_rows as new_row on new_row.id = old_row.id
            where (new_row.departure_date, new_row.departs_at, new_row.origin)
                is distinct from (old_row.departure_date, old_row.departs_at, old_row.origin)
        ) as day
    ) as told
    group by told.portion;
    return null;
end
$$;

create function app.tell_departures_gone() returns trigger language plpgsql as $$
begin
    perform pg_notify('departures', string_agg(told.departure_date::text, ','))
    from (
        select departure_date, (row_number() over ()) / 200 as portion
        from (select distinct departure_date from old_rows) as day
    ) as told
    group by told.portion;
    return null;
end
$$;

create trigger flights_tell_changed after update on app.flights
    referencing old table as old_rows new table as new_rows
    for each statement execute function app.tell_departures_changed();
create trigger flights_tell_gone after delete on app.flights
    referencing old table as old_rows
    for each statement execute function app.tell_departures_gone();
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop trigger flights_tell_gone on app.flights")
    op.execute("drop trigger flights_tell_changed on app.flights")
    op.execute("drop function app.tell_departures_gone()")
    op.execute("drop function app.tell_departures_changed()")

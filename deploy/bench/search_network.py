"""The network searches are measured on: three million real departures."""

import io
from collections.abc import Callable
from pathlib import Path

import airportsdata
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from deploy.bench.runner import BenchFailed

Progress = Callable[[str], None]

# US Bureau of Transportation Statistics, open data collected under 14 CFR Part 234, as npm's vega-datasets
# (itself BSD-3-Clause) packs it: date, delay, distance in miles, origin, destination.
FILE = "flights-3m.parquet"
HOW_TO_GET_IT = "npm pack vega-datasets@3.2.1, and take package/data/flights-3m.parquet out of it"
# Whole weeks from the file's days in 2001 to days that are still to come.
WEEKS_LATER = 1356
CHUNK_ROWS = 500_000
# The file names no carriers. Each of the busiest airports has one, and the others share them.
AIRLINES = ("AA", "UA", "DL", "WN", "US", "NW", "CO", "B6")

_SPACE = """
    alter table app.flights drop constraint if exists flights_departure_key;
    alter table app.flights drop constraint if exists flights_airline_fkey;
    alter table app.flights drop constraint if exists flights_origin_fkey;
    alter table app.flights drop constraint if exists flights_destination_fkey;
    alter table app.flights drop constraint if exists flights_aircraft_type_fkey;
    drop index app.flights_by_route_and_day, app.flights_by_departure;
    create unlogged table app.bench_rows (
        n integer, leaves timestamp, origin text, destination text, miles integer
    );
    create unlogged table app.bench_hubs (airport text primary key, place integer);
    insert into app.aircraft_types (code, manufacturer, model, seats, cabins)
    values ('A320', 'AIRBUS', 'A320', 180, '{}') on conflict do nothing;
"""
_AIRPORT = """
    insert into app.airports (code, name, city, country, latitude, longitude, zone)
    values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_COPY_ROWS = "copy app.bench_rows (n, leaves, origin, destination, miles) from stdin (format csv)"
_HUBS = """
    insert into app.bench_hubs
    select origin, row_number() over (order by count(*) desc, origin) from app.bench_rows group by origin
"""
# A flight belongs to the carrier of the busier of its ends, every third to that of the other.
_FLIGHTS = """
    insert into app.flights (
        id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
        arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km, updated_at
    )
    select
        cast('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') as uuid),
        (%(airlines)s::text[])[1 + case when n %% 3 = 0
            then greatest(out_hub.place, in_hub.place) else least(out_hub.place, in_hub.place) end
            %% cardinality(%(airlines)s::text[])],
        cast(1 + n %% 9000 as text), origin, destination, cast(leaves as date), leaves, from_airport.zone,
        lands at time zone to_airport.zone, to_airport.zone, leaves at time zone from_airport.zone, lands,
        'A320',
        greatest(1, round(miles * 1.609)), now()
    from app.bench_rows
    join app.airports as from_airport on from_airport.code = origin
    join app.airports as to_airport on to_airport.code = destination
    join app.bench_hubs as out_hub on out_hub.airport = origin
    join app.bench_hubs as in_hub on in_hub.airport = destination
    cross join lateral (
        select leaves at time zone from_airport.zone + make_interval(mins => 35 + round(miles / 7.5)::integer)
            as lands
    ) as clock
"""
# Every fifth cabin is nearly full.
_LIVE = """
    insert into live.availability (
        flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
        version, lsn, source_ts, is_snapshot
    )
    select
        id, 'economy', id, 150, 150, '{Y,B,M,H,Q,K}', '{150,138,120,98,75,45}', '{0,0,0,0,0,0}',
        '{0,0,0,0,0,0}',
        case when random() < 0.2 then '{2,2,1,0,0,0}' else '{90,80,60,40,20,9}' end::integer[],
        1, 1, now(), true
    from app.flights
"""
_INDEXES = """
    create index flights_by_route_and_day on app.flights (origin, destination, departure_date);
    create index flights_by_departure on app.flights (departs_at);
    drop table app.bench_rows, app.bench_hubs;
"""


def fill(database: str, folder: Path, progress: Progress) -> int:
    """Write the network into an empty core; how many flights it has. Raises BenchFailed without its file."""
    file = folder / FILE
    if not file.exists():
        raise BenchFailed(f"{file} is not there; to have it: {HOW_TO_GET_IT}")
    rows = pq.read_table(file, columns=["date", "origin", "destination", "distance"])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute("set synchronous_commit = off")
        connection.execute(_SPACE)
        _make_reference(connection, rows)
        progress(f"copying {rows.num_rows:,} departures of {FILE}")
        _copy(connection, rows)
        connection.execute(_HUBS)
        progress("making flights of them")
        made = connection.execute(_FLIGHTS, {"airlines": list(AIRLINES)}).rowcount
        progress("giving them seats")
        connection.execute(_LIVE)
        connection.execute(_INDEXES)
        for table in ("app.flights", "live.availability"):
            connection.execute(f"vacuum analyze {table}".encode())
    return made


def _make_reference(connection: psycopg.Connection[tuple[object, ...]], rows: pa.Table) -> None:
    known = airportsdata.load("IATA")
    codes = set(rows["origin"].unique().to_pylist()) | set(rows["destination"].unique().to_pylist())
    with connection.cursor() as cursor:
        cursor.executemany(
            _AIRPORT,
            [
                (
                    code,
                    place["name"],
                    place["city"],
                    place["country"],
                    place["lat"],
                    place["lon"],
                    place["tz"],
                )
                for code, place in ((code, known[code]) for code in sorted(codes) if code in known)
            ],
        )
        cursor.executemany(
            "insert into app.airlines (code, name) values (%s, %s) on conflict do nothing",
            [(code, code) for code in AIRLINES],
        )


def _copy(connection: psycopg.Connection[tuple[object, ...]], rows: pa.Table) -> None:
    shift = pa.scalar(WEEKS_LATER * 7 * 24 * 60 * 60 * 1_000_000, pa.duration("us"))
    later = pc.add(rows["date"].cast(pa.timestamp("us")), shift)
    numbered = pa.table(
        {
            "n": pa.array(range(1, rows.num_rows + 1), pa.int32()),
            "leaves": later,
            "origin": rows["origin"],
            "destination": rows["destination"],
            "miles": rows["distance"].cast(pa.int32()),
        }
    )
    options = pyarrow.csv.WriteOptions(include_header=False)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy app.bench_rows (n, leaves, origin, destination, miles) from stdin (format csv)"
        ) as copy,
    ):
        for begin in range(0, numbered.num_rows, CHUNK_ROWS):
            buffer = io.BytesIO()
            pyarrow.csv.write_csv(numbered.slice(begin, CHUNK_ROWS), buffer, options)
            copy.write(buffer.getvalue())

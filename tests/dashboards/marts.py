"""A small published mart file with the columns of the contract and figures that can be checked by hand."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

AS_OF = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)  # a Monday
VERSION = "20260316T150100Z"
DAYS = 20
BOOKINGS_A_DAY = 6
FARE_MINOR, TAX_MINOR, PENALTY_MINOR = 30_000, 4_500, 7_500
DISTANCE_KM = 4_000
CAPACITY = 150

TABLES = """
create schema marts;
create schema ops;
create table marts.dim_date (
    date_day date, year integer, quarter integer, month integer, day_of_month integer, iso_week integer,
    iso_weekday integer, is_weekend boolean
);
create table marts.dim_airport (
    airport_code varchar, airport_name varchar, city varchar, country varchar, latitude double,
    longitude double, zone varchar, is_simulated boolean
);
create table marts.dim_route (
    route_key varchar, origin varchar, destination varchar, origin_city varchar, destination_city varchar,
    distance_km integer, is_international boolean, is_simulated boolean
);
create table marts.fct_booking (
    booking_id varchar, pnr varchar, created_at timestamptz, created_date date, status varchar,
    channel varchar, currency varchar, passenger_count integer, flight_id varchar, route_key varchar,
    airline varchar, flight_number varchar, cabin varchar, fare_class varchar, departure_date date,
    days_before_departure integer, live_items_minor bigint, penalties_minor bigint, captured_minor bigint,
    refunded_minor bigint, net_revenue_minor bigint, confirmed_at timestamptz, cancelled_at timestamptz,
    expired_at timestamptz, is_simulated boolean, request_id varchar
);
create table marts.fct_coupon (
    coupon_id varchar, ticket_id varchar, ticket_number varchar, booking_id varchar, passenger_id varchar,
    segment_id varchar, flight_id varchar, route_key varchar, cabin varchar, fare_class varchar,
    status varchar, fare_minor bigint, tax_minor bigint, currency varchar, issued_at timestamptz,
    departure_date date, distance_km integer, is_simulated boolean
);
create table marts.fct_departure_cabin (
    departure_cabin_id varchar, flight_id varchar, cabin varchar, airline varchar, flight_number varchar,
    route_key varchar, departure_date date, departs_at timestamptz, flight_status varchar,
    capacity integer, authorised integer, held integer, sold integer, booked_coupons bigint,
    revenue_minor bigint, currency varchar, ask_km bigint, rpk_km bigint, is_simulated boolean
);
create table marts.fct_payment_attempt (
    payment_id varchar, booking_id varchar, gateway varchar, status varchar, amount_minor bigint,
    refunded_minor bigint, currency varchar, decline_code varchar, fraud_decision varchar,
    fraud_score integer, card_country varchar, card_brand varchar, created_at timestamptz,
    created_date date, captured_at timestamptz, is_simulated boolean, request_id varchar
);
create table marts.fct_fraud_signal (
    signal_id varchar, rule_id varchar, rule_version integer, rule_group varchar, entity_kind varchar,
    entity_key varchar, mode varchar, weight integer, observed decimal(18, 3), threshold decimal(18, 3),
    reason varchar, event_count integer, window_start timestamptz, window_end timestamptz,
    raised_at timestamptz, raised_date date, last_event_at timestamptz
);
create table ops.ops_table_freshness (
    table_name varchar, row_count bigint, event_count bigint, max_source_ts timestamptz,
    max_loaded_at timestamptz
);
create table ops.ops_reconciliation (
    checked_at timestamptz, table_name varchar, source_rows bigint, missing bigint, extra bigint,
    different bigint
);
create table ops.ops_load (
    loaded_at timestamptz, topic varchar, partition integer, start_offset bigint, next_offset bigint,
    row_count bigint, contract_status varchar
);
create table ops.ops_quarantine (
    quarantined_at timestamptz, topic varchar, partition integer, path varchar, reason varchar
);
create table ops.ops_publication (version varchar, published_at timestamptz, max_source_ts timestamptz);
"""

ROUTES = (
    ("JFK-LAX", "JFK", "LAX", "New York", "Los Angeles", False),
    ("EWR-SFO", "EWR", "SFO", "Newark", "San Francisco", False),
    ("JFK-LHR", "JFK", "LHR", "New York", "London", True),
)
CAPTURED_SAMPLE = ("bookings", "cabin_inventories", "flights", "payments")


def publish(
    home: Path,
    *,
    as_of: datetime = AS_OF,
    version: str = VERSION,
    empty: bool = False,
    different: int = 0,
    quarantined: int = 0,
) -> Path:
    """Build one mart file under `home` and point current.json at it; answers the file's path."""
    folder = home / "published"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"marts_{version}.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(TABLES)
        if not empty:
            connection.begin()
            _fill(connection, as_of, different=different, quarantined=quarantined)
            connection.commit()
    pointer = {
        "version": version,
        "path": path.name,
        "published_at": (as_of + timedelta(seconds=40)).isoformat(),
        "max_source_ts": as_of.isoformat(),
    }
    staged = folder / "current.json.new"
    staged.write_text(json.dumps(pointer))
    staged.replace(folder / "current.json")
    return path


def _fill(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, *, different: int, quarantined: int
) -> None:
    connection.execute(
        """
        insert into marts.dim_date
        select
            day, year(day), quarter(day), month(day), day(day), weekofyear(day), isodow(day), isodow(day) > 5
        from (
            select cast(unnest(generate_series(
                $as_of::date - interval '1 year', $as_of::date + interval '1 year', interval '1 day'
            )) as date) as day
        )
        """,
        {"as_of": as_of.date()},
    )
    for key, origin, destination, origin_city, destination_city, international in ROUTES:
        connection.execute(
            "insert into marts.dim_route values (?, ?, ?, ?, ?, ?, ?, false)",
            (key, origin, destination, origin_city, destination_city, DISTANCE_KM, international),
        )
    for days_ago in range(DAYS):
        _fill_day(connection, as_of, days_ago)
    _fill_signals(connection, as_of)
    _fill_ops(connection, as_of, different=different, quarantined=quarantined)


def _fill_day(connection: duckdb.DuckDBPyConnection, as_of: datetime, days_ago: int) -> None:
    """Six bookings: five confirmed, of these one cancelled with a penalty, and one hold that expired."""
    for number in range(BOOKINGS_A_DAY):
        created_at = as_of - timedelta(days=days_ago, minutes=10 * (number + 1))
        key = f"{days_ago:02d}-{number}"
        status = {4: "cancelled", 5: "expired"}.get(number, "ticketed")
        _add_booking(connection, key, created_at, status, ROUTES[number % len(ROUTES)][0])
    _add_departure(connection, as_of - timedelta(days=days_ago, hours=1), ROUTES[days_ago % 3][0], sold=90)
    _add_departure(connection, as_of + timedelta(days=days_ago, hours=1), ROUTES[days_ago % 3][0], sold=30)
    _add_departure(connection, as_of - timedelta(days=days_ago, hours=3), "JFK-LAX", sold=0)


def _add_booking(
    connection: duckdb.DuckDBPyConnection, key: str, created_at: datetime, status: str, route: str
) -> None:
    price = FARE_MINOR + TAX_MINOR
    cancelled, paid = status == "cancelled", status != "expired"
    live = price if status == "ticketed" else 0
    penalty = PENALTY_MINOR if cancelled else 0
    refunded = price - PENALTY_MINOR if cancelled else 0
    cabin, fare_class = ("business", "J") if key.endswith("3") else ("economy", "M")
    departure = created_at.date() + timedelta(days=20)
    connection.execute(
        f"insert into marts.fct_booking values ({', '.join('?' * 26)})",
        (
            f"b{key}", f"PNR{key}", created_at, created_at.date(), status, "direct", "USD", 1, f"f{key}",
            route, "B6", "615", cabin, fare_class, departure, 20, live, penalty, price if paid else 0,
            refunded, (price if paid else 0) - refunded, created_at if paid else None,
            created_at + timedelta(minutes=5) if cancelled else None, None if paid else created_at, True, key,
        ),
    )  # fmt: skip
    if not paid:
        return
    connection.execute(
        f"insert into marts.fct_coupon values ({', '.join('?' * 18)})",
        (
            f"c{key}", f"t{key}", "2790000000000", f"b{key}", f"p{key}", f"s{key}", f"f{key}", route, cabin,
            fare_class, "refunded" if cancelled else "open", FARE_MINOR, TAX_MINOR, "USD", created_at,
            departure, DISTANCE_KM, True,
        ),
    )  # fmt: skip
    decision, score = ("review", 45) if key.endswith("2") else ("allow", 0)
    connection.execute(
        f"insert into marts.fct_payment_attempt values ({', '.join('?' * 17)})",
        (
            f"pay{key}", f"b{key}", "sandbox", "captured", price, refunded, "USD", None, decision, score,
            "US", "visa", created_at, created_at.date(), created_at, True, key,
        ),
    )  # fmt: skip


def _add_departure(
    connection: duckdb.DuckDBPyConnection, departs_at: datetime, route: str, *, sold: int
) -> None:
    key = f"{route}-{departs_at:%m%d%H}-{sold}"
    connection.execute(
        f"insert into marts.fct_departure_cabin values ({', '.join('?' * 19)})",
        (
            f"d{key}", f"f{key}", "economy", "B6", "615", route, departs_at.date(), departs_at, "scheduled",
            CAPACITY, CAPACITY, 2, sold, sold, sold * FARE_MINOR, "USD", CAPACITY * DISTANCE_KM,
            sold * DISTANCE_KM, False,
        ),
    )  # fmt: skip


def _fill_signals(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """One signal a day for ten days, and three from the last hours; a shadow rule beside them."""
    moments = [as_of - timedelta(days=day, hours=1) for day in range(1, 11)]
    moments += [as_of - timedelta(hours=hours) for hours in (1, 2, 3)]
    for number, at in enumerate(moments):
        rule = ("CT1", "V1", "S1")[number % 3]
        _add_signal(connection, f"sig{number}", rule, "review", at)
    _add_signal(connection, "shadow", "X1", "shadow", as_of - timedelta(minutes=5))


def _add_signal(
    connection: duckdb.DuckDBPyConnection, signal_id: str, rule: str, mode: str, at: datetime
) -> None:
    connection.execute(
        f"insert into marts.fct_fraud_signal values ({', '.join('?' * 17)})",
        (
            signal_id, rule, 1, rule[:2], "device", "k1:0f1e2d3c4b5a69788796a5b4c3d2e1f0", mode, 40, 7, 4,
            "7 cards from one device in 10 min, 5 declined; limit 4", 7, at - timedelta(minutes=10), at, at,
            at.date(), at,
        ),
    )  # fmt: skip


def _fill_ops(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, *, different: int, quarantined: int
) -> None:
    for number, table in enumerate(CAPTURED_SAMPLE):
        connection.execute(
            "insert into ops.ops_table_freshness values (?, ?, ?, ?, ?)",
            (table, 100 * (number + 1), 250 * (number + 1), as_of, as_of + timedelta(seconds=12)),
        )
        connection.execute(
            "insert into ops.ops_reconciliation values (?, ?, ?, 0, 0, ?)",
            (as_of, table, 100 * (number + 1), different if number == 0 else 0),
        )
    for number in range(12):
        connection.execute(
            "insert into ops.ops_load values (?, 'contrail.app.bookings', 0, ?, ?, 10, 'passed')",
            (as_of - timedelta(minutes=20 * number), 100 - 10 * number, 110 - 10 * number),
        )
    for number in range(quarantined):
        connection.execute(
            "insert into ops.ops_quarantine values (?, 'contrail.app.flights', 0, ?, 'checksum differs')",
            (as_of, f"change_log/dt=2026-03-16/hour=14/file{number}.parquet"),
        )
    connection.execute(
        "insert into ops.ops_publication values (?, ?, ?)", (VERSION, as_of + timedelta(seconds=40), as_of)
    )


def day(days_ago: int) -> date:
    return AS_OF.date() - timedelta(days=days_ago)

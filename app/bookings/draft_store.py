"""Writing many new bookings at a time: what is asked before, and all their rows in one statement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COUNT_LIVE_HOLDS = text("""
    select asked.user_id, count(held.id) as holds
    from unnest(cast(:user_ids as uuid[])) as asked (user_id)
    cross join lateral (
        select id
        from app.bookings
        where user_id = asked.user_id and status = 'held' and payment_required_by > :now
        limit :most
    ) as held
    group by asked.user_id
""")
# Rows come as JSON: one parameter a table, written out once. Arrays of the same values, a column each, take
# psycopg longer to escape than all the rest of a booking. Foreign keys are looked at when all is written.
_INSERT = text("""
    with new_bookings as (
        insert into app.bookings (
            id, pnr, user_id, contact_subject_id, status, offer_id, channel, currency, total_minor,
            passenger_count, price_guarantee_expires_at, payment_required_by, email_hash, phone_hash,
            device_hash, ip_hash, ip24_hash, surname_hashes, prior_hashes, distinct_surnames, ip_country,
            ip_airport, created_at, request_id, simulated
        )
        select
            id, pnr, user_id, contact_subject_id, status, offer_id, channel, currency, total_minor,
            passenger_count, price_guarantee_expires_at, payment_required_by, email_hash, phone_hash,
            device_hash, ip_hash, ip24_hash, surname_hashes, prior_hashes, distinct_surnames, ip_country,
            ip_airport, created_at, request_id, simulated
        from json_to_recordset(cast(:bookings as json)) as booking (
            id uuid, pnr text, user_id uuid, contact_subject_id uuid, status text, offer_id uuid,
            channel text, currency text, total_minor bigint, passenger_count integer,
            price_guarantee_expires_at timestamptz, payment_required_by timestamptz, email_hash text,
            phone_hash text, device_hash text, ip_hash text, ip24_hash text, surname_hashes text[],
            prior_hashes jsonb, distinct_surnames integer, ip_country text, ip_airport text,
            created_at timestamptz, request_id text, simulated boolean
        )
    ),
    new_passengers as (
        insert into app.passengers (id, booking_id, subject_id, type, created_at)
        select id, booking_id, subject_id, type, created_at
        from json_to_recordset(cast(:passengers as json)) as passenger (
            id uuid, booking_id uuid, subject_id uuid, type text, created_at timestamptz
        )
    ),
    new_segments as (
        insert into app.segments (
            id, booking_id, flight_id, slice_number, segment_number, cabin, fare_class, fare_product_id,
            status, created_at
        )
        select
            id, booking_id, flight_id, slice_number, segment_number, cabin, fare_class, fare_product_id,
            status, created_at
        from json_to_recordset(cast(:segments as json)) as segment (
            id uuid, booking_id uuid, flight_id uuid, slice_number smallint, segment_number smallint,
            cabin text, fare_class text, fare_product_id uuid, status text, created_at timestamptz
        )
    )
    insert into app.booking_items (
        id, booking_id, passenger_id, segment_id, kind, code, description, amount_minor, currency, status,
        created_at
    )
    select
        id, booking_id, passenger_id, segment_id, kind, code, description, amount_minor, currency, status,
        created_at
    from json_to_recordset(cast(:items as json)) as item (
        id uuid, booking_id uuid, passenger_id uuid, segment_id uuid, kind text, code text, description text,
        amount_minor bigint, currency text, status text, created_at timestamptz
    )
""")


async def count_live_holds(
    session: AsyncSession, user_ids: Collection[UUID], now: datetime, most: int
) -> dict[UUID, int]:
    """How many bookings of each user wait for a payment, counted up to `most`; who has none is absent."""
    parameters = {"user_ids": list(user_ids), "now": now, "most": most}
    rows = await session.execute(_COUNT_LIVE_HOLDS, parameters)
    return {row.user_id: row.holds for row in rows}


async def insert_drafts(session: AsyncSession, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """New `bookings`, `passengers`, `segments` and `items`."""
    await session.execute(_INSERT, {table: to_json(new).decode() for table, new in rows.items()})

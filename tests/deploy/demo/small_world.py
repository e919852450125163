"""The smallest core in which every check has something to count: written row by row, all in step."""

from uuid import UUID

import psycopg

FLIGHT = UUID("01900000-0000-7000-8000-000000000001")
CABIN = UUID("01900000-0000-7000-8000-000000000002")
BOOKING = UUID("01900000-0000-7000-8000-000000000003")
ATTACK_BOOKING = UUID("01900000-0000-7000-8000-000000000004")
USER = UUID("01900000-0000-7000-8000-000000000005")
ATTACKER = UUID("01900000-0000-7000-8000-000000000006")
PAYMENT = UUID("01900000-0000-7000-8000-000000000007")
EVENT = UUID("01900000-0000-7000-8000-000000000008")

_REFERENCE = """
    insert into app.airports values
        ('JFK', 'Kennedy', 'New York', 'US', 40.6, -73.8, 'America/New_York'),
        ('SFO', 'San Francisco', 'San Francisco', 'US', 37.6, -122.4, 'America/Los_Angeles');
    insert into app.airlines values ('B6', 'JetBlue');
    insert into app.aircraft_types values ('A320-232', 'AIRBUS', 'A320-232', 150, '[]');
    insert into app.flights (
        id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
        arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km
    ) values (
        '{flight}', 'B6', '615', 'JFK', 'SFO', '2026-12-01', '2026-12-01 09:00', 'America/New_York',
        '2026-12-01 12:15', 'America/Los_Angeles', '2026-12-01T14:00Z', '2026-12-01T20:15Z', 'A320-232', 4152
    );
    insert into app.cabin_inventories (
        id, flight_id, cabin, capacity, authorised, classes, limits, held, sold
    ) values (
        '{cabin}', '{flight}', 'economy', 10, 10, '{{Y,B,M,H,Q,K}}', '{{10,9,8,6,5,3}}',
        '{{0,0,1,0,0,0}}', '{{0,0,2,0,0,0}}'
    );
    insert into live.availability (
        flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
        version, lsn, source_ts, is_snapshot, written_at
    )
    select
        flight_id, cabin, id, capacity, authorised, classes, limits, held, sold,
        app.seats_open(limits, held, sold), version, 1, '2026-11-23T05:00Z', false, '2026-11-23T05:00:00.05Z'
    from app.cabin_inventories;
"""

_BOOKINGS = """
    insert into app.users (id, email_hash, created_at, simulated) values
        ('{user}', 'k1:good', now(), true), ('{attacker}', 'k1:bad', now(), true);
    insert into app.bookings (
        id, pnr, user_id, contact_subject_id, status, offer_id, channel, currency, total_minor,
        passenger_count, price_guarantee_expires_at, payment_required_by, email_hash, device_hash, ip_hash,
        distinct_surnames, created_at, confirmed_at, request_id
    ) values
        (
            '{booking}', 'ABCDEF', '{user}', '{user}', 'ticketed', '{user}', 'api', 'USD', 30000, 2,
            '2026-11-23T05:15Z', '2026-11-23T05:15Z', 'k1:good', 'k1:good-device', 'k1:good-ip', 1,
            '2026-11-23T05:00Z', '2026-11-23T05:01Z', 'r'
        ),
        (
            '{attack}', 'ABCDEG', '{attacker}', '{attacker}', 'held', '{user}', 'api', 'USD', 15000, 1,
            '2026-11-23T05:15Z', '2026-11-23T05:15Z', 'k1:bad', 'k1:bad-device', 'k1:bad-ip', 1,
            '2026-11-23T05:00Z', null, 'r'
        );
    insert into app.passengers
    select gen_random_uuid(), '{booking}', gen_random_uuid(), type, now()
    from unnest(array['adult', 'child', 'infant']) as type;
    insert into app.passengers values (gen_random_uuid(), '{attack}', gen_random_uuid(), 'adult', now());
    insert into app.segments (
        id, booking_id, flight_id, slice_number, segment_number, cabin, fare_class, fare_product_id, status,
        created_at
    )
    select gen_random_uuid(), b.id, '{flight}', 1, 1, 'economy', 'M', f.id, 'live', now()
    from app.bookings as b
    join app.fare_products as f on f.fare_class = 'M';
    insert into app.seat_holds values (
        gen_random_uuid(), '{attack}', '{flight}', 'economy', 'M', 1, now(), '2026-11-23T05:15Z', null, null
    );
    insert into app.booking_items (
        id, booking_id, kind, code, description, amount_minor, currency, status, created_at
    ) values
        (gen_random_uuid(), '{booking}', 'fare', 'M', 'fare', 28000, 'USD', 'live', now()),
        (gen_random_uuid(), '{booking}', 'tax', 'US', 'tax', 2000, 'USD', 'live', now());
    insert into app.payments (
        id, booking_id, gateway, status, amount_minor, currency, card_hash, fraud_decision, fraud_score,
        created_at, captured_at, request_id
    ) values (
        '{payment}', '{booking}', 'sandbox', 'captured', 30000, 'USD', 'k1:good-card', 'allow', 0, now(),
        now(), 'r'
    );
    insert into app.journal_entries (
        id, transaction_id, account, amount_minor, currency, booking_id, payment_id, occurred_at
    ) values
        (gen_random_uuid(), '{payment}', 'gateway', 30000, 'USD', '{booking}', '{payment}', now()),
        (gen_random_uuid(), '{payment}', 'revenue', -30000, 'USD', '{booking}', '{payment}', now());
"""

_STREAMS = """
    insert into app.domain_events (
        id, type, entity_type, entity_id, booking_id, subject_id, payload, occurred_at, request_id
    ) values (
        '{event}', 'BookingConfirmed', 'booking', '{booking}', '{booking}', '{user}', '{{}}', now(), 'r'
    );
    insert into live.notification_requests (
        request_id, event_id, event_type, booking_id, subject_id, channel, template, payload, occurred_at,
        source_ts
    ) values (
        gen_random_uuid(), '{event}', 'BookingConfirmed', '{booking}', '{user}', 'email', 'booking_confirmed',
        '{{}}', now(), now()
    );
    insert into live.fraud_signals (
        signal_id, rule_id, rule_version, rule_group, mode, weight, entity_kind, entity_key, window_seconds,
        window_start, window_end, observed, threshold, reason, event_ids, event_count, first_event_at,
        last_event_at, last_commit_at, raised_at
    ) values (
        's1', 'CT1', 1, 'CT', 'review', 40, 'device', 'k1:bad-device', 600, now(), now(), 4, 4, 'r', '{{}}',
        4, now(), now(), now(), '2026-11-23T05:00:05Z'
    );
"""


def make_small_world(owner: psycopg.Connection) -> None:
    """One flight; a ticketed booking of an adult, a child and an infant; an attacker's hold of one seat."""
    for script in (_REFERENCE, _BOOKINGS, _STREAMS):
        owner.execute(
            script.format(
                flight=FLIGHT, cabin=CABIN, booking=BOOKING, attack=ATTACK_BOOKING, user=USER,
                attacker=ATTACKER, payment=PAYMENT, event=EVENT,
            ).encode()
        )  # fmt: skip

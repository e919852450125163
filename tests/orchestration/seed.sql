-- Two airports, one flight each way, and bookings in every state, so that each table has rows.
insert into app.airports values
    ('JFK', 'John F. Kennedy', 'New York', 'US', 40.63975, -73.77893, 'America/New_York', false),
    ('SFO', 'San Francisco', 'San Francisco', 'US', 37.61900, -122.37484, 'America/Los_Angeles', false);
insert into app.airlines values ('UA', 'United', false);
insert into app.aircraft_types values ('A320', 'Airbus', 'A320', 150, '[{"cabin": "economy", "seats": 150}]');
insert into app.routes values
    ('00000000-0000-7000-8000-000000000101', 'JFK', 'SFO', 4152, false),
    ('00000000-0000-7000-8000-000000000102', 'SFO', 'JFK', 4152, true);
insert into app.schedules values (
    '00000000-0000-7000-8000-000000000201', 'UA', '100', 'JFK', 'SFO', 1, '08:00', '11:30:15', 0,
    '2026-01-01', '2026-12-31', 'A320', false
);
insert into app.flights
select
    ('00000000-0000-7000-8000-0000000003' || lpad(n::text, 2, '0'))::uuid,
    case n when 1 then '00000000-0000-7000-8000-000000000201'::uuid end,
    'UA', '100', case n % 2 when 1 then 'JFK' else 'SFO' end, case n % 2 when 1 then 'SFO' else 'JFK' end,
    date '2026-12-01' + n, timestamp '2026-12-01 08:00' + n * interval '1 day', 'America/New_York',
    timestamp '2026-12-01 11:30' + n * interval '1 day', 'America/Los_Angeles',
    timestamptz '2026-12-01 13:00Z' + n * interval '1 day', timestamptz '2026-12-01 19:30:00.5Z' + n * interval '1 day',
    null, null, 'A320', null, 4152, case n when 3 then 'cancelled' else 'scheduled' end, 0, n % 2 = 0, '2026-11-01T00:00:00Z'
from generate_series(1, 4) as n;
insert into app.flight_outcomes values
    ('00000000-0000-7000-8000-000000000301', 'flown', 5, -2, '2026-12-02T20:00:00Z', null);
insert into app.cabin_inventories
select
    ('00000000-0000-7000-8000-0000000004' || lpad(n::text, 2, '0'))::uuid,
    ('00000000-0000-7000-8000-0000000003' || lpad(n::text, 2, '0'))::uuid,
    'economy', 150, 155, '{Y,B}', '{155,100}', '{0,0}', case n when 1 then '{0,2}'::integer[] else '{0,0}' end,
    1, '2026-11-01T00:00:00Z'
from generate_series(1, 4) as n;
insert into app.users values (
    '00000000-0000-7000-8000-000000000501', 'active', 'k1:aa', '{"k0": "bb"}', true, false, '2026-11-01T00:00:00Z'
);
insert into app.bookings (
    id, pnr, user_id, contact_subject_id, status, offer_id, channel, currency, total_minor, passenger_count,
    price_guarantee_expires_at, payment_required_by, surname_hashes, distinct_surnames, created_at, confirmed_at,
    ticketed_at, cancelled_at, request_id
)
select
    ('0197f000-0000-7000-8000-00000000060' || n)::uuid, 'ABCDE' || n + 1, '00000000-0000-7000-8000-000000000501',
    '00000000-0000-7000-8000-000000000502', case n when 1 then 'ticketed' when 2 then 'cancelled' else 'held' end,
    '00000000-0000-7000-8000-000000000503', 'web', 'USD', 33000, 2, '2026-11-20T12:15:00Z', '2026-11-20T12:15:00Z',
    '{k1:aa,k1:bb}', 2, '2026-11-20T23:30:00Z',
    case when n < 3 then timestamptz '2026-11-20T23:31:00Z' end,
    case when n < 3 then timestamptz '2026-11-20T23:31:00Z' end,
    case n when 2 then timestamptz '2026-11-21T08:00:00Z' end, 'req-' || n
from generate_series(1, 3) as n;
insert into app.passengers
select
    ('00000000-0000-7000-8000-0000000007' || n || p)::uuid, ('0197f000-0000-7000-8000-00000000060' || n)::uuid,
    ('00000000-0000-7000-8000-0000000008' || n || p)::uuid, 'adult', '2026-11-20T23:30:00Z'
from generate_series(1, 3) as n cross join generate_series(1, 2) as p;
insert into app.segments
select
    ('00000000-0000-7000-8000-00000000090' || n)::uuid, ('0197f000-0000-7000-8000-00000000060' || n)::uuid,
    '00000000-0000-7000-8000-000000000301', 1, 1, 'economy', 'B', '0197f000-0000-7000-8000-000000000002',
    case n when 2 then 'cancelled' else 'live' end, '2026-11-20T23:30:00Z'
from generate_series(1, 3) as n;
insert into app.booking_items
select
    ('00000000-0000-7000-8000-000000001' || n || p || k)::uuid, ('0197f000-0000-7000-8000-00000000060' || n)::uuid,
    ('00000000-0000-7000-8000-0000000007' || n || p)::uuid, ('00000000-0000-7000-8000-00000000090' || n)::uuid,
    case k when 1 then 'fare' else 'tax' end, 'X', 'fare or tax, "quoted", with a ~', case k when 1 then 15000 else 1500 end,
    'USD', case n when 2 then 'cancelled' else 'live' end, '2026-11-20T23:30:00Z'
from generate_series(1, 3) as n cross join generate_series(1, 2) as p cross join generate_series(1, 2) as k;
insert into app.booking_items values (
    '00000000-0000-7000-8000-000000001999', '0197f000-0000-7000-8000-000000000602', null, null, 'penalty', 'PEN',
    'cancellation', 8000, 'USD', 'live', '2026-11-21T08:00:00Z'
);
insert into app.seat_holds
select
    ('00000000-0000-7000-8000-00000000110' || n)::uuid, ('0197f000-0000-7000-8000-00000000060' || n)::uuid,
    '00000000-0000-7000-8000-000000000301', 'economy', 'B', 2, '2026-11-20T23:30:00Z', '2026-11-20T23:45:00Z',
    case when n < 3 then timestamptz '2026-11-20T23:31:00Z' end, case when n < 3 then 'sold' end
from generate_series(1, 3) as n;
insert into app.tickets
select
    ('00000000-0000-7000-8000-0000000012' || n || p)::uuid, lpad(n::text || p, 13, '0'),
    ('0197f000-0000-7000-8000-00000000060' || n)::uuid, ('00000000-0000-7000-8000-0000000007' || n || p)::uuid,
    case n when 1 then 'issued' else 'refunded' end, '2026-11-20T23:31:00Z'
from generate_series(1, 2) as n cross join generate_series(1, 2) as p;
insert into app.coupons
select
    ('00000000-0000-7000-8000-0000000013' || n || p)::uuid, ('00000000-0000-7000-8000-0000000012' || n || p)::uuid,
    ('0197f000-0000-7000-8000-00000000060' || n)::uuid, ('00000000-0000-7000-8000-0000000007' || n || p)::uuid,
    ('00000000-0000-7000-8000-00000000090' || n)::uuid, '00000000-0000-7000-8000-000000000301', 1,
    case n when 1 then 'open' else 'refunded' end, 15000, 1500, 'USD', '2026-11-20T23:31:00Z'
from generate_series(1, 2) as n cross join generate_series(1, 2) as p;
insert into app.cancellations values (
    '00000000-0000-7000-8000-000000001401', '0197f000-0000-7000-8000-000000000602', 'confirmed', 8000, 25000, 'USD',
    '2026-11-21T07:59:00Z', '2026-11-21T08:09:00Z', '2026-11-21T08:00:00Z'
);
insert into app.payments (
    id, booking_id, gateway, status, amount_minor, refunded_minor, currency, decline_code, card_hash, fraud_decision,
    fraud_score, fraud_reasons, created_at, captured_at, failed_at, request_id
) values
    ('0197f000-0000-7000-8000-000000001501', '0197f000-0000-7000-8000-000000000601', 'sandbox', 'captured', 33000, 0,
     'USD', null, 'k1:cc', 'allow', 0, '[]', '2026-11-20T23:30:30Z', '2026-11-20T23:31:00Z', null, 'req-1'),
    ('0197f000-0000-7000-8000-000000001502', '0197f000-0000-7000-8000-000000000602', 'sandbox', 'refunded', 33000, 25000,
     'USD', null, 'k1:cc', 'review', 40, '[{"rule": "CT1"}]', '2026-11-20T23:30:30Z', '2026-11-20T23:31:00Z', null, 'req-2'),
    ('0197f000-0000-7000-8000-000000001503', '0197f000-0000-7000-8000-000000000603', 'sandbox', 'failed', 33000, 0,
     'USD', 'insufficient_funds', 'k1:dd', 'allow', 0, '[]', '2026-11-20T23:30:30Z', null, '2026-11-20T23:31:00Z', 'req-3');
insert into app.refunds values (
    '00000000-0000-7000-8000-000000001601', '0197f000-0000-7000-8000-000000001502', '0197f000-0000-7000-8000-000000000602',
    '00000000-0000-7000-8000-000000001401', 25000, 'USD', 'done', 'cancelled', 'r1', '2026-11-21T08:00:00Z',
    '2026-11-21T08:00:00Z', '2026-11-21T08:00:01Z'
);
insert into app.journal_entries values
    ('00000000-0000-7000-8000-000000001701', '00000000-0000-7000-8000-000000001801', 'gateway', 33000, 'USD',
     '0197f000-0000-7000-8000-000000000601', null, null, '2026-11-20T23:31:00Z'),
    ('00000000-0000-7000-8000-000000001702', '00000000-0000-7000-8000-000000001801', 'revenue', -33000, 'USD',
     '0197f000-0000-7000-8000-000000000601', null, null, '2026-11-20T23:31:00Z');
insert into app.domain_events values (
    '0197f000-0000-7000-8000-000000001901', 'BookingConfirmed', 'booking', '0197f000-0000-7000-8000-000000000601',
    '0197f000-0000-7000-8000-000000000601', null, null, '{"pnr": "ABCDE2", "total_minor": 33000, "share": 0.10}',
    '2026-11-20T23:31:00Z', '2026-11-20T23:31:00Z', 'req-1', false
);
insert into app.notification_deliveries values (
    '00000000-0000-7000-8000-000000002001', '0197f000-0000-7000-8000-000000001901', '0197f000-0000-7000-8000-000000000601',
    '00000000-0000-7000-8000-000000000502', 'email', 'booking_confirmed', 'sent', 1, null,
    '<00000000-0000-7000-8000-000000002001@contrail.example>', null, '2026-11-20T23:31:05Z'
);
insert into app.seat_assignments values (
    '00000000-0000-7000-8000-000000002101', '0197f000-0000-7000-8000-000000000601', '00000000-0000-7000-8000-000000000711',
    '00000000-0000-7000-8000-000000000301', 'economy', '12A', null, null, '2026-11-20T23:31:00Z', null, null,
    '2026-11-20T23:31:00Z'
);
insert into app.fx_rates values ('2026-11-20', 'USD', 1.08, 'ECB');
insert into app.search_events (
    id, kind, offer_request_id, source, origin, destination, departure_date, slices, cabin, adults, children, infants,
    occurred_at, request_id, simulated
) values (
    '0197f000-0000-7000-8000-000000002201', 'search', '0197f000-0000-7000-8000-000000002202', 'api', 'JFK', 'LAX',
    '2026-12-01', 1, 'economy', 1, 0, 0, '2026-11-20T23:20:00Z', 'req-1', false
);
insert into live.fraud_signals values (
    's1', 'CT1', 1, 'CT', 'review', 40, 'device', 'k1:ee', 600, '2026-11-20T23:20:00Z', '2026-11-20T23:30:00Z', 5, 4,
    '5 cards from one device in 10 min, 2 declined; limit 4', '{e1,e2}', 2, '2026-11-20T23:25:00Z',
    '2026-11-20T23:30:00Z', '2026-11-20T23:30:00Z'
);

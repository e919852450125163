"""The rows the booking bench books from: flights with seats without end, travellers, and offers."""

import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from uuid import UUID

import psycopg

from deploy.bench.api_parts import ApiStack, Progress
from deploy.bench.open_loop import encode
from deploy.bench.runner import BenchFailed
from deploy.local import launch
from deploy.local.supervisor import Supervisor

# As many as a search finds on one day.
FLIGHTS = 50
TRAVELLERS = 2_000
SEARCHES = 20
# Until the API has heard of the flights.
OFFERS_LIMIT_SECONDS = 30.0
POLL_SECONDS = 0.1
# What is measured is how fast seats are taken, so they never run out.
SEATS = 1_000_000
# What searches are told of an aircraft, which is small.
SEATS_TOLD = 180
# Ids by number, so that a script of pgbench can name them.
FLIGHT_PREFIX = "0197f000-0000-7000-8000-f"
USER_PREFIX = "0197f000-0000-7000-8000-a"
DIGITS = 11

_REFERENCE = """
insert into app.airports (code, name, city, country, latitude, longitude, zone)
values
    ('AAA', 'From', 'From', 'US', 40.0, -73.0, 'America/New_York'),
    ('BBB', 'To', 'To', 'US', 34.0, -118.0, 'America/Los_Angeles');

insert into app.airlines (code, name) values ('ZZ', 'Bench');

insert into app.aircraft_types (code, manufacturer, model, seats, cabins)
values ('B', 'Bench', 'One', 180, '{"economy": 180}');
"""
_FLIGHTS = """
insert into app.flights (
    id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
    arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km
)
select
    (%(prefix)s || lpad(to_hex(n), %(digits)s, '0'))::uuid,
    'ZZ',
    n::text,
    'AAA',
    'BBB',
    current_date + 30,
    current_date + 30 + n * interval '1 minute',
    'UTC',
    current_date + 30 + n * interval '1 minute' + interval '5 hours',
    'UTC',
    current_date + 30 + n * interval '1 minute',
    current_date + 30 + n * interval '1 minute' + interval '5 hours',
    'B',
    4000
from generate_series(1, %(count)s) as n
"""
_CABINS = """
insert into app.cabin_inventories (id, flight_id, cabin, capacity, authorised, classes, limits, held, sold)
select
    gen_random_uuid(),
    id,
    'economy',
    %(seats)s,
    %(seats)s,
    '{Y,B,M,H,Q,K}',
    array_fill(%(seats)s, array[6]),
    array_fill(0, array[6]),
    array_fill(0, array[6])
from app.flights
"""
_LIVE = """
insert into live.availability (
    flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
    version, lsn, source_ts, is_snapshot
)
select
    flight_id, cabin, id, %(seats)s, %(seats)s, classes, array_fill(%(seats)s, array[6]), held, sold,
    array_fill(%(seats)s, array[6]), version, 1, now(), false
from app.cabin_inventories
"""
_USERS = """
insert into app.users (id, email_hash, created_at)
select (%(prefix)s || lpad(to_hex(n), %(digits)s, '0'))::uuid, 'k1:bench', now()
from generate_series(1, %(count)s) as n
"""


@dataclass(frozen=True)
class Town:
    """Who can book what: access tokens by traveller, and offers as (id, flight)."""

    tokens: Sequence[str]
    offers: Sequence[tuple[str, UUID]]

    @property
    def hot_flight(self) -> UUID:
        """The one that all book when they book on one flight."""
        return self.offers[0][1]

    def requests(self, count: int, hot: UUID | None = None) -> list[bytes]:
        """Bookings as they go over the wire, each of some traveller for some offer under a key of its own;
        with `hot` all on that flight."""
        chosen = [offer_id for offer_id, flight_id in self.offers if hot in (None, flight_id)]
        if not chosen:
            raise BenchFailed("there is no offer to book")
        return [_request(random.choice(self.tokens), random.choice(chosen)) for _ in range(count)]


def traveller_id(number: int) -> UUID:
    return UUID(f"{USER_PREFIX}{number:0{DIGITS}x}")


def flight_number(flight_id: UUID) -> int:
    return int(flight_id.hex[-DIGITS:], 16)


def make_town(stack: ApiStack, progress: Progress) -> Town:
    """Write the flights and travellers, search for offers, and let the database look at its new tables."""
    # The core's own code makes the tokens, out of the stack's keys.
    os.environ.update(stack.settings.environment())
    from app.core.ids import uuid7
    from app.core.security import Role, mint_access_token

    with psycopg.connect(stack.database) as owner:
        owner.execute(_REFERENCE)
        owner.execute(_FLIGHTS, {"prefix": FLIGHT_PREFIX, "digits": DIGITS, "count": FLIGHTS})
        owner.execute(_CABINS, {"seats": SEATS})
        owner.execute(_LIVE, {"seats": SEATS_TOLD})
        owner.execute(_USERS, {"prefix": USER_PREFIX, "digits": DIGITS, "count": TRAVELLERS})
        row = owner.execute("select min(departure_date) from app.flights").fetchone()
        owner.execute("analyze")
    _start_api_again(stack, progress)
    tokens = [
        mint_access_token(traveller_id(number), uuid7(), [Role.CUSTOMER])
        for number in range(1, TRAVELLERS + 1)
    ]
    if row is None:
        raise BenchFailed("there are no flights")
    return Town(tokens, _search(stack, tokens[0], str(row[0])))


def _start_api_again(stack: ApiStack, progress: Progress) -> None:
    """So that it reads the departures as it does with a timetable that was there before."""
    supervisor = Supervisor(stack.settings)
    names = [f"api-{number + 1}" for number in range(stack.processes)]
    for name in names:
        supervisor.stop(name)
    launch.up(stack.settings, names, progress)


def _search(stack: ApiStack, token: str, day: str) -> list[tuple[str, UUID]]:
    from app.core.ids import decode

    body = json.dumps(
        {
            "slices": [{"origin": "AAA", "destination": "BBB", "departure_date": day}],
            "passengers": [{"type": "adult"}],
        }
    )
    found: list[tuple[str, UUID]] = []
    connection = HTTPConnection(*stack.targets[0], timeout=timedelta(minutes=1).total_seconds())
    deadline = time.monotonic() + OFFERS_LIMIT_SECONDS
    searches = 0
    while searches < SEARCHES:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        connection.request("POST", "/v1/offer-requests", body, headers)
        answer = connection.getresponse()
        page: dict[str, Any] = json.loads(answer.read())
        if answer.status != 201:
            raise BenchFailed(f"a search was answered {answer.status}: {page}")
        if not page["offers"]:
            if time.monotonic() > deadline:
                raise BenchFailed("the API offers none of the bench's flights")
            time.sleep(POLL_SECONDS)
            continue
        searches += 1
        found += [
            (offer["id"], decode("flt", offer["slices"][0]["segments"][0]["flight_id"]))
            for offer in page["offers"]
        ]
    connection.close()
    return found


def _request(token: str, offer_id: str) -> bytes:
    body = {
        "offer_id": offer_id,
        "passengers": [{"type": "adult", "given_name": "Ada", "family_name": "Ferry"}],
        "contact": {"email": "ada.ferry@example.com", "phone": "+12125550123"},
    }
    headers = {
        "authorization": f"Bearer {token}",
        "idempotency-key": f"bench-{time.time_ns():x}-{random.getrandbits(64):x}",
    }
    return encode("POST", "/v1/bookings", headers, json.dumps(body).encode())


def count_oversold(database: str) -> int:
    """Cabins beyond a limit, or whose counters are not what their holds add up to."""
    with psycopg.connect(database, autocommit=True) as owner:
        row = owner.execute("""
            select count(*)
            from app.cabin_inventories as cabin
            where not app.inventory_is_sound(cabin.authorised, cabin.limits, cabin.held, cabin.sold)
                or (select sum(seats) from unnest(cabin.held) as seats) <> (
                    select coalesce(sum(seats), 0)
                    from app.seat_holds as hold
                    where hold.flight_id = cabin.flight_id
                        and hold.cabin = cabin.cabin
                        and hold.released_at is null
                )
        """).fetchone()
    return int(str(row[0])) if row else 0

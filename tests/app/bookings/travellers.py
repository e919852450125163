"""A traveller who calls the API, for the tests of bookings, and what the database then holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx2

from app.core.ids import decode, encode, uuid7
from app.core.security import Role, mint_access_token, mint_service_token
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure

ECONOMY = {"Y": 60, "B": 50, "M": 40, "H": 30, "Q": 20, "K": 10}
PEOPLE = {
    "adult": {"given_name": "Ada", "family_name": "Ferry"},
    "child": {"given_name": "Cleo", "family_name": "Ferry"},
    "infant": {"given_name": "Ivo", "family_name": "Ferry"},
}

# Far enough ahead for the fares with the longest advance purchase.
_days = count(25)


@dataclass(frozen=True)
class Traveller:
    client: httpx2.AsyncClient
    user_id: UUID
    extra: Mapping[str, str] = field(default_factory=dict)

    def headers(self, key: str | None = None) -> dict[str, str]:
        token = mint_access_token(self.user_id, uuid7(), [Role.CUSTOMER])
        keys = {"idempotency-key": key} if key else {}
        return {"authorization": f"Bearer {token}"} | keys | dict(self.extra)

    def at(self, moment: datetime) -> "Traveller":
        """The same person, to whom it is another time."""
        simulator = mint_service_token("simulator", [Role.SIMULATOR])
        return replace(self, extra={"contrail-simulator": simulator, "contrail-now": moment.isoformat()})

    def after_the_void_window(self) -> "Traveller":
        """The same person two days on, when the fare's rules hold."""
        return self.at(datetime.now(UTC) + timedelta(days=2))

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(path, headers=self.headers())

    async def post(self, path: str, body: Any = None, key: str | None = None) -> httpx2.Response:
        headers = self.headers(key or uuid7().hex)
        return await self.client.post(path, json=body, headers=headers, timeout=30)

    async def offer(
        self, departure: Departure, types: tuple[str, ...] = ("adult",), brand: str | None = None
    ) -> dict[str, Any]:
        """The cheapest offer on this departure, or the one of a brand."""
        body = {
            "slices": [
                {
                    "origin": departure.origin,
                    "destination": departure.destination,
                    "departure_date": departure.departs_at.date().isoformat(),
                }
            ],
            "passengers": [{"type": kind} for kind in types],
        }
        answer = await self.client.post("/v1/offer-requests", json=body, headers=self.headers())
        assert answer.status_code == 201, answer.text
        flight_id = encode("flt", departure.flight_id)
        found: list[dict[str, Any]] = [
            offer
            for offer in answer.json()["offers"]
            if offer["slices"][0]["segments"][0]["flight_id"] == flight_id and brand in (None, offer["brand"])
        ]
        return found[0]

    async def book(
        self,
        departure: Departure,
        types: tuple[str, ...] = ("adult",),
        brand: str | None = None,
    ) -> dict[str, Any]:
        offer = await self.offer(departure, types, brand)
        answer = await self.post("/v1/bookings", booking_request(offer, types))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def pay(self, booking: dict[str, Any], token: str = "tok_ok_US_card") -> dict[str, Any]:
        answer = await self.post(f"/v1/bookings/{booking['id']}/payments", payment_request(token))
        assert answer.status_code in (201, 202), answer.text
        return dict(answer.json())

    async def read(self, booking: dict[str, Any]) -> dict[str, Any]:
        answer = await self.get(f"/v1/bookings/{booking['id']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def quote(self, booking: dict[str, Any], body: Any = None) -> dict[str, Any]:
        answer = await self.post(f"/v1/bookings/{booking['id']}/cancellations", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def confirm(self, quote: dict[str, Any]) -> httpx2.Response:
        return await self.post(f"/v1/cancellations/{quote['id']}/confirm")


def new_traveller(client: httpx2.AsyncClient, owner: Owner) -> Traveller:
    user_id = uuid7()
    owner.execute(
        "insert into app.users (id, email_hash, created_at) values (%s, 'k1:test', now())", (user_id,)
    )
    return Traveller(client, user_id)


def booking_request(offer: dict[str, Any], types: tuple[str, ...] = ("adult",)) -> dict[str, Any]:
    return {
        "offer_id": offer["id"],
        "passengers": [{"type": kind} | PEOPLE[kind] for kind in types],
        "contact": {"email": "ada.ferry@example.com", "phone": "+12125550123"},
    }


def payment_request(token: str = "tok_ok_US_card") -> dict[str, str]:
    return {"gateway": "sandbox", "card_token": token}


def departing(owner: Owner, *, seats: Mapping[str, int] = ECONOMY) -> Departure:
    """A departure weeks ahead of the wall clock, alone on its day, at noon in New York, live already."""
    now, days = datetime.now(UTC), next(_days)
    departs_at = (now + timedelta(days=days)).replace(hour=17, minute=0, second=0, microsecond=0)
    return make_departure(owner, departs_at=departs_at, cabins={"economy": seats}, live_at=now)


def counters(owner: Owner, departure: Departure) -> tuple[int, int]:
    """Seats held and sold on a departure."""
    row = owner.execute(
        "select (select sum(n) from unnest(held) as n), (select sum(n) from unnest(sold) as n) "
        "from app.cabin_inventories where flight_id = %s",
        (departure.flight_id,),
    ).fetchone()
    assert row is not None
    return int(str(row[0])), int(str(row[1]))


def key_of(booking: dict[str, Any]) -> UUID:
    return decode("bkg", booking["id"])


def scalar(owner: Owner, statement: str, *parameters: object) -> Any:
    row = owner.execute(statement, parameters).fetchone()
    assert row is not None
    return row[0]


def event_types(owner: Owner, booking: dict[str, Any]) -> list[str]:
    rows = owner.execute(
        "select type from app.domain_events where booking_id = %s order by id", (key_of(booking),)
    )
    return [str(row[0]) for row in rows]


def age_attempts(owner: Owner, booking: dict[str, Any]) -> None:
    """Let a minute pass for the attempts and refunds of a booking that have no result."""
    for table in ("payments", "refunds"):
        owner.execute(
            f"update app.{table} set attempted_at = attempted_at - interval '61 seconds' "
            "where booking_id = %s",
            (key_of(booking),),
        )


def assert_money_is_conserved(owner: Owner, booking: dict[str, Any]) -> None:
    """captured - refunded == live items, the penalty being one of them; the journal agrees with both."""
    booking_id = key_of(booking)
    kept = scalar(
        owner,
        "select coalesce(sum(amount_minor - refunded_minor), 0) from app.payments "
        "where booking_id = %s and captured_at is not null",
        booking_id,
    )
    live = scalar(
        owner,
        "select coalesce(sum(amount_minor), 0) from app.booking_items "
        "where booking_id = %s and status = 'live'",
        booking_id,
    )
    by_account: dict[str, int] = {
        str(row[0]): int(str(row[1]))
        for row in owner.execute(
            "select account, sum(amount_minor) from app.journal_entries "
            "where booking_id = %s group by account",
            (booking_id,),
        )
    }
    assert kept == live
    assert sum(by_account.values()) == 0
    # What the provider or a travel credit stands for, against what was earned of it.
    earned = ("customer", "revenue", "taxes", "penalties")
    assert sum(amount for account, amount in by_account.items() if account not in earned) == kept
    assert by_account.get("customer", 0) == 0


def kill_hold(owner: Owner, booking: dict[str, Any]) -> None:
    """Let the booking's hold have died a minute ago by the wall clock."""
    booking_id = key_of(booking)
    owner.execute(
        "update app.bookings set payment_required_by = now() - interval '1 minute', "
        "price_guarantee_expires_at = now() - interval '1 minute' where id = %s",
        (booking_id,),
    )
    owner.execute(
        "update app.seat_holds set expires_at = now() - interval '1 minute' where booking_id = %s",
        (booking_id,),
    )


def suspect(owner: Owner, traveller: Traveller, weights: Mapping[str, int]) -> None:
    """What the fraud flow writes of an account: one live signal a rule group."""
    now = datetime.now(UTC)
    span = {
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(hours=1)).isoformat(),
    }
    reasons = [
        span
        | {
            "signal_id": uuid7().hex,
            "rule_id": f"{group}1",
            "group": group,
            "weight": weight,
            "reason": "test",
        }
        for group, weight in weights.items()
    ]
    owner.execute(
        "insert into live.fraud_scores (entity_kind, entity_key, score, reasons, valid_from, valid_until) "
        "values ('account', %s, %s, %s, %s, %s)",
        (
            str(traveller.user_id),
            min(100, sum(weights.values())),
            json.dumps(reasons),
            span["valid_from"],
            span["valid_until"],
        ),
    )

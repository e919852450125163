"""A client of the public API at the gateway, as simulated travellers use it: nothing else books for them."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2

from deploy.demo.errors import DemoError
from deploy.demo.people import Traveller

PASSWORD = "a long and private sentence"  # nosec B105 - of people who do not exist

# An access token lives 15 real minutes; a fresh one is asked for before that.
TOKEN_LIFE_SECONDS = 12 * 60

# Answers that say "again, with the same key". Waits grow; after the last the run has found a fault.
AGAIN = frozenset({429, 502, 503, 504})
MOST_TRIES = 6

# Successes, and the refusals that a traveller's own plans can bring about.
UNDERSTOOD = frozenset({200, 201, 202, 204, 404, 409, 410})
FIRST_WAIT_SECONDS = 0.25

# The slowest answer is a payment whose gateway does not answer; the gateway itself gives up after 30 s.
TIMEOUT_SECONDS = 40.0

Json = dict[str, Any]


class UnexpectedAnswer(DemoError):
    """The API answered something that no traveller can make sense of."""


@dataclass(frozen=True)
class Answer:
    """Status and body of one answer."""

    status: int
    body: Json

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))

    def expect(self, *statuses: int) -> Json:
        if self.status not in statuses:
            raise UnexpectedAnswer(f"expected {statuses}, got {self.status} {self.code}: {self.body}")
        return self.body


@dataclass
class Api:
    """The gateway, with the simulator's own token beside whoever is calling."""

    client: httpx2.AsyncClient
    simulator_token: str
    limit: int
    calls: int = 0
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)

    async def register(self, traveller: Traveller, now: datetime | None) -> None:
        """Make the traveller's account and log in."""
        person = {
            "email": traveller.email,
            "password": PASSWORD,
            "given_name": traveller.given_name,
            "family_name": traveller.family_name,
            "phone": traveller.phone,
        }
        (await self._send("POST", "/v1/users", traveller, now, json=person)).expect(201)
        await self._token(traveller, now)

    async def search(
        self,
        traveller: Traveller,
        now: datetime | None,
        *,
        origin: str,
        destination: str,
        day: str,
        cabin: str,
        adults: int,
    ) -> Answer:
        request = {
            "slices": [{"origin": origin, "destination": destination, "departure_date": day}],
            "passengers": [{"type": "adult"}] * adults,
            "cabin": cabin,
        }
        return await self._send("POST", "/v1/offer-requests", traveller, now, json=request)

    async def book(
        self, traveller: Traveller, now: datetime | None, offer_id: str, surnames: tuple[str, ...], key: str
    ) -> Answer:
        passengers = [
            {"type": "adult", "given_name": traveller.given_name, "family_name": surname}
            for surname in surnames
        ]
        body = {
            "offer_id": offer_id,
            "passengers": passengers,
            "contact": {"email": traveller.email, "phone": traveller.phone},
        }
        return await self._send("POST", "/v1/bookings", traveller, now, json=body, key=key)

    async def pay(
        self, traveller: Traveller, now: datetime | None, booking_id: str, card_token: str, key: str
    ) -> Answer:
        body = {"gateway": "sandbox", "card_token": card_token}
        path = f"/v1/bookings/{booking_id}/payments"
        return await self._send("POST", path, traveller, now, json=body, key=key)

    async def quote_cancellation(
        self, traveller: Traveller, now: datetime | None, booking_id: str, key: str
    ) -> Answer:
        return await self._send("POST", f"/v1/bookings/{booking_id}/cancellations", traveller, now, key=key)

    async def confirm_cancellation(
        self, traveller: Traveller, now: datetime | None, cancellation_id: str, key: str
    ) -> Answer:
        return await self._send(
            "POST", f"/v1/cancellations/{cancellation_id}/confirm", traveller, now, key=key
        )

    async def advance_clock(self, to: datetime) -> Json:
        """Let history happen up to a moment: outcomes of flights, dead holds; the chores stay paused."""
        return (
            await self._as_simulator("POST", "/v1/admin/test-clock/advance", {"to": to.isoformat()})
        ).expect(200)

    async def begin_history(self, first: datetime) -> datetime:
        """Pause the chores at `first`, or where a history that was cut short had got to; that moment."""
        state = (await self._as_simulator("GET", "/v1/admin/test-clock", None)).expect(200)
        if not state["paused"]:
            await self.advance_clock(first)
            return first
        return max(first, datetime.fromisoformat(str(state["now"])))

    async def return_to_the_wall_clock(self) -> None:
        (await self._as_simulator("DELETE", "/v1/admin/test-clock", None)).expect(200, 204)

    async def _token(self, traveller: Traveller, now: datetime | None) -> str:
        known = self.tokens.get(traveller.email)
        if known and time.monotonic() - known[1] < TOKEN_LIFE_SECONDS:
            return known[0]
        credentials = {"email": traveller.email, "password": PASSWORD}
        headers = self._headers(traveller, now)
        answer = (await self._call("POST", "/v1/auth/token", headers, credentials)).expect(200)
        self.tokens[traveller.email] = (str(answer["access_token"]), time.monotonic())
        return str(answer["access_token"])

    async def _send(
        self,
        method: str,
        path: str,
        traveller: Traveller,
        now: datetime | None,
        *,
        json: Json | None = None,
        key: str | None = None,
    ) -> Answer:
        headers = self._headers(traveller, now)
        if path != "/v1/users":
            headers["authorization"] = f"Bearer {await self._token(traveller, now)}"
        if key is not None:
            headers["idempotency-key"] = headers["x-request-id"] = key
        return await self._call(method, path, headers, json)

    async def _as_simulator(self, method: str, path: str, json: Json | None) -> Answer:
        return await self._call(method, path, {"authorization": f"Bearer {self.simulator_token}"}, json)

    def _headers(self, traveller: Traveller, now: datetime | None) -> dict[str, str]:
        headers = {
            "contrail-simulator": self.simulator_token,
            "x-forwarded-for": traveller.address,
            "contrail-device-id": traveller.device,
        }
        return headers if now is None else headers | {"contrail-now": now.isoformat()}

    async def _call(self, method: str, path: str, headers: dict[str, str], json: Json | None) -> Answer:
        """Send, and send again while the answer says so. Raises UnexpectedAnswer on a failure of the API."""
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, MOST_TRIES + 1):
            self._count()
            try:
                response = await self.client.request(method, path, headers=headers, json=json)
            except httpx2.TransportError as error:
                answer, wanted = Answer(0, {"code": "no_answer", "detail": repr(error)}), wait
            else:
                answer = Answer(response.status_code, response.json() if response.content else {})
                wanted = max(wait, float(response.headers.get("retry-after", 0)))
                in_flight = answer.status == 409 and "retry-after" in response.headers
                if answer.status not in AGAIN and not in_flight:
                    break
            if attempt < MOST_TRIES:
                await asyncio.sleep(wanted)
                wait *= 2
        if answer.status not in UNDERSTOOD:
            raise UnexpectedAnswer(f"{method} {path} answered {answer.status} {answer.code}: {answer.body}")
        if answer.code:
            self.codes[answer.code] += 1
        return answer

    def _count(self) -> None:
        self.calls += 1
        if self.calls > self.limit:
            raise UnexpectedAnswer(f"the run used up its {self.limit:,} calls")


def new_client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS)


def simulator_token() -> str:
    """A token for the simulator, made with the signing key of the local stack."""
    from app.core.security import Role, mint_service_token

    return mint_service_token(subject="simulator", roles=[Role.SIMULATOR])

"""A booking's life as stages of HTTP requests: what one stage is answered makes the requests of the next."""

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from deploy.bench.api_parts import ApiStack
from deploy.bench.open_loop import Load, Outcome, encode, run_apart
from deploy.bench.runner import BenchFailed

RATE = 50.0
# A password costs 25 ms of a processor by intention, so fifty a second would be more than a machine has.
PASSWORD_RATE = 5.0
LIVES = 100
TRAVELLERS = 10
CONNECTIONS = 32
PASSWORD = "a long and private sentence"  # nosec B105 - of people who do not exist
GOOD = (200, 201, 202)

Json = dict[str, Any]


@dataclass
class Life:
    """One booking and what is known of it so far."""

    token: str = ""
    offer: Json = field(default_factory=dict)
    booking: Json = field(default_factory=dict)
    newer: Json = field(default_factory=dict)
    change: Json = field(default_factory=dict)
    cancellation: Json = field(default_factory=dict)


# Told of each stage's name and latencies.
Measured = Callable[[str, list[float]], None]


@dataclass(frozen=True)
class Player:
    """Sends the stages of all lives of one round at one rate."""

    stack: ApiStack
    day: date
    measured: Measured

    def play(self) -> None:
        lives = self._lives()
        self._stage("search", [self._search() for _ in lives], lives, self._take_offer)
        self._each("offer", lives, "GET", lambda life: f"/v1/offers/{life.offer['id']}")
        self._each("book", lives, "POST", lambda _: "/v1/bookings", _booking_of, _take("booking"))
        self._each("read", lives, "GET", _of_booking(""))
        self._each("list", lives, "GET", lambda _: "/v1/bookings")
        self._each("pay", lives, "POST", _of_booking("/payments"), _payment)
        self._each("history", lives, "GET", _of_booking("/history"))
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self._each("as_of", lives, "GET", _of_booking(f"?as_of={moment}"))
        self._each("seats", lives, "GET", _of_booking("/seats"))
        self._each("extras", lives, "GET", _of_booking("/ancillaries"))
        self._stage("", [self._search() for _ in lives], lives, self._take_newer)
        self._each("change_quote", lives, "POST", _of_booking("/changes"), _new_offer, _take("change"))
        self._each(
            "change_confirm", lives, "POST", lambda life: f"/v1/changes/{life.change['id']}/confirm",
            lambda life: {"payment": _payment(life)},
        )  # fmt: skip
        self._each("check_in", lives, "POST", _of_booking("/check-in"), lambda _: {})
        self._each("check_in_undo", lives, "POST", _of_booking("/check-in/undo"), lambda _: {})
        self._each("cancel_quote", lives, "POST", _of_booking("/cancellations"), None, _take("cancellation"))
        self._each(
            "cancel_confirm",
            lives,
            "POST",
            lambda life: f"/v1/cancellations/{life.cancellation['id']}/confirm",
        )

    def empty(self) -> None:
        """The same rate at a route that does nothing."""
        self._send("empty", [encode("GET", "/healthz")] * LIVES, RATE)

    def _lives(self) -> list[Life]:
        people = [f"traveller-{secrets.token_hex(8)}@example.com" for _ in range(TRAVELLERS)]
        named = {"password": PASSWORD, "given_name": "Ada", "family_name": "Ferry"}
        self._send("register", [_post("/v1/users", {"email": p} | named) for p in people], PASSWORD_RATE)
        asked = [_post("/v1/auth/token", {"email": p, "password": PASSWORD}) for p in people]
        tokens = [json.loads(b)["access_token"] for b in self._send("login", asked, PASSWORD_RATE).bodies]
        return [Life(token=str(tokens[n % TRAVELLERS])) for n in range(LIVES)]

    def _search(self) -> bytes:
        wanted = {"origin": "JFK", "destination": "LAX", "departure_date": self.day.isoformat()}
        passengers = [{"type": "adult"}]
        return _post("/v1/offer-requests", {"slices": [wanted], "passengers": passengers, "cabin": "economy"})

    def _take_offer(self, lives: Sequence[Life], bodies: Iterable[bytes]) -> None:
        for number, (life, body) in enumerate(zip(lives, bodies, strict=True)):
            life.offer = _flexible(json.loads(body), number)

    def _take_newer(self, lives: Sequence[Life], bodies: Iterable[bytes]) -> None:
        for number, (life, body) in enumerate(zip(lives, bodies, strict=True)):
            life.newer = _flexible(json.loads(body), number + 1)

    def _each(
        self,
        name: str,
        lives: Sequence[Life],
        method: str,
        path: Callable[[Life], str],
        body: Callable[[Life], Json] | None = None,
        take: Callable[[Sequence[Life], Iterable[bytes]], None] | None = None,
    ) -> None:
        requests = [_request(method, path(life), life.token, body(life) if body else None) for life in lives]
        self._stage(name, requests, lives, take)

    def _stage(
        self,
        name: str,
        requests: Sequence[bytes],
        lives: Sequence[Life],
        take: Callable[[Sequence[Life], Iterable[bytes]], None] | None,
    ) -> None:
        outcome = self._send(name, requests, RATE)
        if take is not None:
            take(lives, outcome.bodies)

    def _send(self, name: str, requests: Sequence[bytes], rate: float) -> Outcome:
        outcome = run_apart(Load(self.stack.targets, requests, CONNECTIONS, rate, keeps_bodies=True))
        refused = [n for n, status in enumerate(outcome.statuses) if status not in GOOD]
        if refused:
            first = refused[0]
            raise BenchFailed(
                f"{len(refused)} of {len(requests)} requests of {name or 'a search'} were refused: "
                f"{outcome.statuses[first]} {outcome.bodies[first][:200]!r}"
            )
        if name:
            self.measured(name, outcome.latencies_ms)
        return outcome


def _request(method: str, path: str, token: str, body: Json | None) -> bytes:
    headers = {"authorization": f"Bearer {token}"}
    if method == "POST":
        headers["idempotency-key"] = secrets.token_hex(16)
    return encode(method, path, headers, None if body is None else json.dumps(body).encode())


def _post(path: str, body: Json) -> bytes:
    return encode("POST", path, None, json.dumps(body).encode())


def _flexible(answer: Json, number: int) -> Json:
    """One of the offers that can be changed and cancelled, another for each number."""
    offers = answer["offers"]
    if not offers:
        raise BenchFailed("a search found nothing")
    chosen = [offer for offer in offers if offer["brand"] == "Standard"] or offers
    return dict(chosen[number % len(chosen)])


def _booking_of(life: Life) -> Json:
    person = {"type": "adult", "given_name": "Ada", "family_name": "Ferry"}
    return {"offer_id": life.offer["id"], "passengers": [person], "contact": {"email": "ada@example.com"}}


def _payment(_: Life) -> Json:
    return {"gateway": "sandbox", "card_token": f"tok_ok_US_{secrets.token_hex(8)}"}


def _new_offer(life: Life) -> Json:
    return {"offer_id": life.newer["id"]}


def _of_booking(rest: str) -> Callable[[Life], str]:
    return lambda life: f"/v1/bookings/{life.booking['id']}{rest}"


def _take(name: str) -> Callable[[Sequence[Life], Iterable[bytes]], None]:
    def take(lives: Sequence[Life], bodies: Iterable[bytes]) -> None:
        for life, body in zip(lives, bodies, strict=True):
            setattr(life, name, json.loads(body))

    return take

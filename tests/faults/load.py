"""Bookings that go on while parts are killed: every request is repeated with its key until it is answered."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import httpx2

from tests.stack import Stack
from tests.travellers import Traveller, good_card

T = TypeVar("T")

ANSWER_LIMIT_SECONDS = 120
PACE_SECONDS = 0.25
RETRYABLE = {409, 429, 500, 502, 503, 504}
# A refusal of the business, which repeating does not change.
FINAL_CODES = {"sold_out", "flight_closed", "offer_expired", "hold_expired"}


@dataclass
class Answered:
    """What the callers were told: booking ids answered 201, and payments said to be captured."""

    bookings: dict[str, str] = field(default_factory=dict)
    captured: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    failures: list[str] = field(default_factory=list)


class BookingLoad:
    """Some travellers who book and pay without pause until the block ends."""

    def __init__(self, stack: Stack, route: tuple[str, str, str], travellers: int = 3) -> None:
        self.stack, self.route, self.answered = stack, route, Answered()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._travel, daemon=True) for _ in range(travellers)]

    def __enter__(self) -> "BookingLoad":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_LIMIT_SECONDS)

    def _travel(self) -> None:
        with self.stack.client() as client:
            traveller = Traveller(client)
            self._until_answered("register", lambda: _registered(traveller))
            while not self._stop.is_set():
                self._book_and_pay(traveller)
                self._stop.wait(PACE_SECONDS)

    def _book_and_pay(self, traveller: Traveller) -> None:
        offers = self._until_answered("search", lambda: traveller.search(*self.route))
        if not offers:
            self.answered.failures.append("no offer was found")
            self._stop.set()
            return
        key = str(uuid4())
        booked = self._until_final(f"book {key}", lambda: traveller.book(offers[-1], key))
        if booked is None or booked.status_code != 201:
            return
        booking = booked.json()
        self.answered.bookings[booking["id"]] = traveller.token
        card, payment_key = good_card(), str(uuid4())
        paid = self._until_final(
            f"pay {payment_key}", lambda: traveller.pay(booking["id"], payment_key, card)
        )
        if paid is not None and paid.status_code == 201 and paid.json()["status"] == "captured":
            self.answered.captured[booking["id"]] = paid.json()["id"]

    def _until_answered(self, what: str, attempt: Callable[[], T]) -> T | None:
        """Repeat while the connection fails or the server does. None after the limit."""
        deadline = time.monotonic() + ANSWER_LIMIT_SECONDS
        while True:
            try:
                return attempt()
            except httpx2.HTTPError as error:
                if time.monotonic() > deadline:
                    self.answered.failures.append(f"{what}: {error!r}")
                    self._stop.set()
                    return None
                self._stop.wait(PACE_SECONDS)

    def _until_final(self, what: str, attempt: Callable[[], httpx2.Response]) -> httpx2.Response | None:
        """Repeat with the same key until the answer will not change. None after the limit."""
        deadline = time.monotonic() + ANSWER_LIMIT_SECONDS
        while time.monotonic() < deadline:
            answer = self._until_answered(what, attempt)
            if answer is None or answer.status_code in (200, 201):
                return answer
            code = answer.json().get("code") if "json" in answer.headers.get("content-type", "") else None
            if code in FINAL_CODES:
                self.answered.refused += 1
                return answer
            if answer.status_code not in RETRYABLE and answer.status_code != 202:
                self.answered.failures.append(f"{what}: {answer.status_code} {answer.text[:300]}")
                return answer
            time.sleep(PACE_SECONDS)
        self.answered.failures.append(f"{what}: no final answer within {ANSWER_LIMIT_SECONDS} s")
        return None


def _registered(traveller: Traveller) -> Traveller:
    try:
        return traveller.register()
    except httpx2.HTTPStatusError as error:
        if error.response.status_code != 409:
            raise
        traveller.email = f"again-{traveller.email}"
        raise

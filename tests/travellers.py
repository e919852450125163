"""A client of the public API for tests: it searches, books, pays and cancels as any caller would."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx2

PASSWORD = "a long and private sentence"


@dataclass
class Traveller:
    """One customer with an access token, at the gateway of one stack."""

    client: httpx2.Client
    email: str = field(default_factory=lambda: f"traveller-{secrets.token_hex(6)}@example.com")
    token: str = ""

    def register(self) -> "Traveller":
        person = {
            "email": self.email, "password": PASSWORD, "given_name": "Ada", "family_name": "Ferry",
        }  # fmt: skip
        self.client.post("/v1/users", json=person).raise_for_status()
        answer = self.client.post("/v1/auth/token", json={"email": self.email, "password": PASSWORD})
        self.token = answer.raise_for_status().json()["access_token"]
        return self

    def headers(self, key: str | None = None) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self.token}"}
        return headers if key is None else headers | {"idempotency-key": key}

    def search(self, origin: str, destination: str, date: str, adults: int = 1) -> list[dict[str, Any]]:
        request = {
            "slices": [{"origin": origin, "destination": destination, "departure_date": date}],
            "passengers": [{"type": "adult"}] * adults,
            "cabin": "economy",
        }
        answer = self.client.post("/v1/offer-requests", json=request).raise_for_status()
        return list(answer.json()["offers"])

    def book(self, offer: dict[str, Any], key: str) -> httpx2.Response:
        body = {
            "offer_id": offer["id"],
            "passengers": [
                {"type": passenger["type"], "given_name": "Ada", "family_name": "Ferry"}
                for passenger in offer["passengers"]
            ],
            "contact": {"email": self.email},
        }
        return self.client.post("/v1/bookings", json=body, headers=self.headers(key))

    def pay(self, booking_id: str, key: str, card: str) -> httpx2.Response:
        body = {"gateway": "sandbox", "card_token": card}
        return self.client.post(f"/v1/bookings/{booking_id}/payments", json=body, headers=self.headers(key))

    def cancel(self, booking_id: str, key: str) -> httpx2.Response:
        quote = self.client.post(f"/v1/bookings/{booking_id}/cancellations", headers=self.headers(key))
        quote.raise_for_status()
        path = f"/v1/cancellations/{quote.json()['id']}/confirm"
        return self.client.post(path, headers=self.headers(f"{key}-confirm"))


def good_card() -> str:
    """A sandbox card token whose charge succeeds; every card has a fingerprint of its own."""
    return f"tok_ok_US_{secrets.token_hex(8)}"

"""A server that speaks the part of Duffel's contract the adapter uses, and refuses what it would refuse."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "duffel_test_of_this_machine"
OFFER_ID = "off_00009htYpSCXrwaB9DnUm0"


def place(code: str, zone: str | None = "Europe/London") -> dict[str, Any]:
    return {"type": "airport", "iata_code": code, "time_zone": zone, "name": code, "city_name": None}


def carrier(code: str | None = "ZZ") -> dict[str, Any]:
    return {"id": "arl_00009VME7D6ivUu8dn35WK", "iata_code": code, "name": "Duffel Airways"}


def segment(origin: str, destination: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "seg_00009htYpSCXrwaB9Dn456",
        "origin": place(origin),
        "destination": place(destination, "America/New_York"),
        "departing_at": "2031-06-13T16:38:02",
        "arriving_at": "2031-06-13T19:04:00",
        "duration": "PT7H26M",
        "marketing_carrier": carrier(),
        "marketing_carrier_flight_number": "2140",
        "operating_carrier": carrier("BA"),
        "aircraft": {"id": "arc_00009UhD4ongolulWd91Ky", "iata_code": "380", "name": "Airbus A380"},
        "passengers": [{"cabin_class": "economy", "fare_basis_code": "OXZ0RO", "baggages": []}],
        "stops": [],
    } | changes


def offer(offer_id: str = OFFER_ID, total: str = "121.20", **changes: Any) -> dict[str, Any]:
    return {
        "id": offer_id,
        "live_mode": False,
        "owner": carrier(),
        "created_at": "2031-01-17T10:12:14.545Z",
        "expires_at": "2031-01-17T10:42:14.545Z",
        "base_amount": "90.80",
        "base_currency": "GBP",
        "tax_amount": "30.40",
        "tax_currency": "GBP",
        "total_amount": total,
        "total_currency": "GBP",
        "total_emissions_kg": "460",
        "passengers": [{"id": "pas_1", "type": "adult"}, {"id": "pas_2", "type": "infant_without_seat"}],
        "conditions": {
            "change_before_departure": {
                "allowed": True, "penalty_amount": "100.00", "penalty_currency": "GBP",
            },
            "refund_before_departure": None,
        },
        "slices": [
            {
                "id": "sli_00009htYpSCXrwaB9Dn123",
                "origin": place("LHR"),
                "destination": place("JFK", "America/New_York"),
                "duration": "PT7H26M",
                "fare_brand_name": "Basic",
                "segments": [segment("LHR", "JFK")],
            }
        ],
    } | changes  # fmt: skip


@dataclass
class DuffelServer:
    """What it was asked, and what it answers next."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=lambda: [offer()])
    gone: bool = False
    fails_with: int | None = None
    says: bytes | None = None
    answers: threading.Event = field(default_factory=threading.Event)


def _problems(request: dict[str, Any]) -> str | None:
    """What the contract has against a request."""
    headers = request["headers"]
    if headers.get("authorization") != f"Bearer {TOKEN}":
        return "access_token_not_found"
    if headers.get("duffel-version") != "v2":
        return "unsupported_version"
    if request["method"] == "GET":
        return None
    asked = request["body"].get("data", {})
    if not asked.get("slices") or not asked.get("passengers"):
        return "validation_required"
    if any(set(each) != {"origin", "destination", "departure_date"} for each in asked["slices"]):
        return "validation_format"
    types = {"adult", "child", "infant_without_seat"}
    return None if {each["type"] for each in asked["passengers"]} <= types else "validation_inclusion"


def _handler(server: DuffelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def _answer(self, body: Any) -> None:
            address = urlsplit(self.path)
            request = {
                "method": self.command,
                "path": address.path,
                "query": parse_qs(address.query),
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": body,
            }
            server.requests.append(request)
            server.answers.wait(30)
            problem = _problems(request)
            if server.says is not None:
                self._send(200, server.says)
            elif server.fails_with is not None:
                self._error(server.fails_with, "server_error")
            elif problem is not None:
                self._error(401 if "token" in problem else 422, problem)
            elif request["method"] == "POST" and address.path == "/air/offer_requests":
                self._send(201, json.dumps({"data": {"id": "orq_1", "offers": server.offers}}).encode())
            elif address.path == f"/air/offers/{OFFER_ID}" and not server.gone:
                self._send(200, json.dumps({"data": server.offers[0]}).encode())
            else:
                self._error(404, "not_found")

        def _error(self, status: int, code: str) -> None:
            errors = {"errors": [{"code": code, "type": "error"}], "meta": {"status": status}}
            self._send(status, json.dumps(errors).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    return Handler


@contextmanager
def duffel_server() -> Iterator[DuffelServer]:
    state = DuffelServer()
    state.answers.set()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(state)) as server:
        server.daemon_threads = True
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield state
        finally:
            state.answers.set()
            server.shutdown()
            thread.join()

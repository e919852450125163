"""What is known of requests afterwards: one log line and two metrics each, by route and never by address."""

import time
from dataclasses import dataclass
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.context import current

REQUESTS = Counter("contrail_http_requests", "Requests answered", ["method", "route", "status"])
DURATION = Histogram(
    "contrail_http_request_duration_seconds",
    "Time from the first byte in to the last byte out",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
# Asked every second by the stack; they would be most of the log.
QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger("contrail.requests")


@dataclass(frozen=True, slots=True)
class Answered:
    """A request with an API key, once it has been answered."""

    api_key_id: UUID
    method: str
    route: str
    status: int
    seconds: float
    request_id: str


class Observed:
    """The outermost layer: it sees every answer, also those the edge gives by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            _note(scope, status, time.perf_counter() - started)


def _note(scope: Scope, status: int, seconds: float) -> None:
    # The pattern of the route, since an address may hold what identifies a person.
    route = getattr(scope.get("route"), "path", "unmatched")
    # A caller may invent methods; a metric may not grow with them.
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    DURATION.labels(method, route).observe(seconds)
    _note_api_key(scope, method, route, status, seconds)
    if route not in QUIET_ROUTES:
        log.info(
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 1),
            request_id=current().request_id,
        )


def _note_api_key(scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
    """Hand it to whoever keeps the log of API keys; core keeps none itself."""
    api_key_id = scope.get("state", {}).get("api_key_id")
    note = getattr(getattr(scope.get("app"), "state", None), "note_api_request", None)
    if api_key_id is not None and note is not None:
        note(Answered(api_key_id, method, route, status, seconds, current().request_id))

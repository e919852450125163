"""The edge: request ids, the sandbox's test clock, and every error as problem+json."""

import ipaddress
import json
import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.card_numbers import refuse_card_numbers
from app.core.config import get_settings
from app.core.context import RequestContext, bind, current
from app.core.errors import BadRequest, DomainError, Forbidden, Unavailable
from app.core.ids import uuid7
from app.core.observability import Observed
from app.core.security import Role, verify_token
from app.core.wire import refuse_depth, refuse_other_media, refuse_unstorable_text, replay, whole_body

PROBLEM_TYPE = "application/problem+json"
REQUEST_ID = re.compile(r"^[A-Za-z0-9_.\-]{1,100}$")
DATABASE_RETRY_SECONDS = 2
# Enough to tell a phone from a desk; the rest is for trackers.
MAX_USER_AGENT = 200
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    # Of no effect until TLS is in front, and then at once.
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}

# Problems that no domain declares: what the framework finds wrong, and what we get wrong.
FRAMEWORK_PROBLEMS = {
    400: ("malformed_json", "The request body is not JSON"),
    404: ("not_found", "There is nothing here that the caller may see"),
    405: ("method_not_allowed", "This address does not know the method"),
    422: ("malformed_request", "The request is malformed"),
    500: ("internal_error", "Something failed on our side; the request id names it in our logs"),
}

log = structlog.get_logger(__name__)

# Told of every 403, and waits for nothing.
OnDenial = Callable[[Request, Forbidden], None]


class Schema(BaseModel):
    """Base of what clients send and get: a field we do not know is an error, not a shrug."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProblemError(BaseModel):
    pointer: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `type` is a page about the code; `errors` point into the request body."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    request_id: str
    errors: list[ProblemError] | None = None


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "A refusal", "content": {PROBLEM_TYPE: {}}},
    "5XX": {"model": Problem, "description": "Our failure", "content": {PROBLEM_TYPE: {}}},
}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    errors: list[ProblemError] | None = None,
    retry_after_seconds: int | None = None,
) -> JSONResponse:
    body = Problem(
        type=f"/problems/{code}",
        title=title,
        status=status,
        code=code,
        detail=detail,
        request_id=current().request_id,
        errors=errors,
    )
    # Here too, because an unexpected error is answered outside of the middleware below.
    headers = SECURITY_HEADERS | {"x-request-id": body.request_id}
    if retry_after_seconds is not None:
        headers["retry-after"] = str(retry_after_seconds)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(body.model_dump(exclude_none=True), status, headers=headers, media_type=PROBLEM_TYPE)


def _from_domain(error: DomainError) -> JSONResponse:
    errors = [ProblemError(pointer=pointer, detail=detail) for pointer, detail in error.errors] or None
    if error.pointer is not None:
        errors = [ProblemError(pointer=error.pointer, detail=error.detail or error.title)]
    return problem(error.status, error.code, error.title, error.detail, errors, error.retry_after_seconds)


async def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    # Put there by the program: the core knows of nobody who keeps a log of denials.
    on_denial: OnDenial | None = getattr(request.app.state, "on_denial", None)
    if isinstance(error, Forbidden) and on_denial is not None:
        on_denial(request, error)
    return _from_domain(error)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if any(entry["type"] == "json_invalid" for entry in error.errors()):
        return problem(400, *FRAMEWORK_PROBLEMS[400])
    errors = [ProblemError(pointer=_pointer(entry["loc"]), detail=entry["msg"]) for entry in error.errors()]
    return problem(422, *FRAMEWORK_PROBLEMS[422], errors=errors)


def _pointer(location: tuple[int | str, ...]) -> str:
    """A JSON pointer into the body; for headers, path and query the place is named first."""
    place, *rest = location
    steps = rest if place == "body" else [f"({place})", *rest]
    return "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in steps)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, title = FRAMEWORK_PROBLEMS.get(error.status_code, ("http_error", "The request was refused"))
    answer = problem(error.status_code, code, title, str(error.detail))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["allow"] = ", ".join(_methods_at(request))
    return answer


def _methods_at(request: Request) -> list[str]:
    """All methods of an address: the framework tells those of the first route that has it."""
    routes = list(iter_route_contexts(request.app.routes))
    found = next((route.path for route in routes if route.path_regex.match(request.url.path)), None)
    return sorted({method for route in routes if route.path == found for method in route.methods or ()})


async def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    log.warning("database_unavailable", kind=type(error).__name__)
    return _from_domain(
        Unavailable(
            "the database did not answer; repeat with the same Idempotency-Key",
            retry_after_seconds=DATABASE_RETRY_SECONDS,
        )
    )


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected_error", exc_info=error)
    return problem(500, *FRAMEWORK_PROBLEMS[500])


def install(app: FastAPI) -> None:
    """Put the edge around an app: error handlers and the middleware that binds the request's context."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(OperationalError, _on_database_error)
    app.add_exception_handler(InterfaceError, _on_database_error)
    app.add_exception_handler(PoolTimeout, _on_database_error)
    app.add_exception_handler(Exception, _on_unexpected)
    app.add_middleware(Edge)
    app.add_middleware(Observed)


class Edge:
    """Pure ASGI, so that the context it binds is the one the route sees."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        request_id = headers.get("x-request-id", "")
        if not REQUEST_ID.match(request_id):
            request_id = f"req_{uuid7().hex}"
        bind(RequestContext(request_id=request_id))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = SECURITY_HEADERS | {"x-request-id": request_id} | _rate_headers(scope)
                present = {key for key, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in present),
                ]
            await send(message)

        try:
            bind(_context(request_id, headers, scope))
            body = await whole_body(headers, scope["path"], receive)
            refuse_other_media(headers, scope["path"], body)
            refuse_depth(body)
            refuse_unstorable_text(scope, body)
            refuse_card_numbers(scope, body)
        except DomainError as error:
            await _from_domain(error)(scope, receive, send_with_headers)
            return
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await self.app(scope, replay(body, receive), send_with_headers)


def _rate_headers(scope: Scope) -> dict[str, str]:
    """What core.rate_limits has left on the request, if it was counted at all."""
    standing = scope.get("state", {}).get("rate_limit")
    return {} if standing is None else standing.headers()


def _context(request_id: str, headers: dict[str, str], scope: Scope) -> RequestContext:
    simulator = _verify_simulator(headers)
    return RequestContext(
        request_id=request_id,
        ip=_client_ip(headers, scope, simulator),
        device_id=headers.get("contrail-device-id"),
        user_agent=headers.get("user-agent", "")[:MAX_USER_AGENT] or None,
        virtual_now=_virtual_now(headers, simulator),
        is_simulated=simulator,
    )


def _verify_simulator(headers: dict[str, str]) -> bool:
    token = headers.get("contrail-simulator")
    if token is None:
        return False
    if not get_settings().is_sandbox:
        raise Forbidden("the simulator's headers are honoured only in the sandbox")
    if Role.SIMULATOR not in verify_token(token).roles:
        raise Forbidden("Contrail-Simulator must hold a simulator's token")
    return True


def _virtual_now(headers: dict[str, str], simulator: bool) -> datetime | None:
    value = headers.get("contrail-now")
    if value is None:
        return None
    if not simulator:
        raise Forbidden("Contrail-Now is honoured only beside a simulator's token, in the sandbox")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BadRequest("Contrail-Now must be an RFC 3339 moment") from None
    if moment.tzinfo is None:
        raise BadRequest("Contrail-Now must carry its offset from UTC")
    return moment


def _client_ip(headers: dict[str, str], scope: Scope, simulator: bool) -> str | None:
    """The address the gateway saw and appended; only a verified simulator may name its own."""
    chain = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    peer = scope["client"][0] if scope.get("client") else None
    candidate = (chain[0] if simulator else chain[-1]) if chain else peer
    if not candidate:
        return None
    try:
        # Without a zone, which names an interface of one machine and no network.
        address = ipaddress.ip_address(candidate.partition("%")[0])
    except ValueError:
        raise BadRequest("X-Forwarded-For must hold addresses") from None
    return str(getattr(address, "ipv4_mapped", None) or address)


def configure_logging() -> None:
    """One JSON object a line on stdout, with the request id; never a body, a header or a parameter."""
    # The server's own line a request would hold the address with its query.
    logging.getLogger("uvicorn.access").disabled = True
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ]
    )

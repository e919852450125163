"""What is known about the request being served: set once at the edge, read wherever a row is written."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from app.core.ids import uuid7


@dataclass(frozen=True)
class RequestContext:
    """Chores and commands run under one of these too, made with their own request id."""

    request_id: str = field(default_factory=lambda: f"req_{uuid7().hex}")
    ip: str | None = None
    device_id: str | None = None
    user_agent: str | None = None
    virtual_now: datetime | None = None
    is_simulated: bool = False


_current: ContextVar[RequestContext | None] = ContextVar("contrail_request_context", default=None)


def current() -> RequestContext:
    """The context of the request being served. Outside of one, a fresh context."""
    context = _current.get()
    if context is None:
        context = RequestContext()
        _current.set(context)
    return context


def bind(context: RequestContext) -> None:
    _current.set(context)

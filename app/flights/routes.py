"""Flights over HTTP."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core.caching import NOT_MODIFIED, IfNoneMatch, public
from app.core.context import current
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.ids import FlightId
from app.flights import live, service
from app.flights.schemas import FlightAvailability, FlightView

# A gate shows a delay no later than this after everybody else.
KEPT_FOR_SECONDS = 15
EVENT_EXAMPLE = (
    'id: 26531096\nevent: availability\ndata: {"flight_id":"flt_...","cabins":[],"as_of":null}\n\n'
)

router = APIRouter(prefix="/v1/flights", tags=["flights"], responses=PROBLEM_RESPONSES)


@router.get(
    "/{flight_id}",
    summary="Read a flight",
    status_code=200,
    response_model=FlightView,
    responses=NOT_MODIFIED,
)
async def get_flight(flight_id: FlightId, tx: Transaction, if_none_match: IfNoneMatch = None) -> Response:
    return public(await service.get_flight(tx, flight_id), if_none_match, KEPT_FOR_SECONDS)


@router.get("/{flight_id}/availability", summary="Read a flight's live availability", status_code=200)
async def get_availability(flight_id: FlightId, tx: Transaction) -> FlightAvailability:
    return await service.get_availability(tx, flight_id)


LastEventId = Annotated[
    str | None, Header(pattern=r"^\d{1,19}$", description="`id` of the last event that was received")
]


@router.get(
    "/{flight_id}/availability/stream",
    summary="Follow a flight's live availability",
    status_code=200,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events named `availability`, with comments as heartbeats",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENT_EXAMPLE}},
        }
    },
)
async def stream_availability(
    flight_id: FlightId, tx: Transaction, last_event_id: LastEventId = None
) -> StreamingResponse:
    """The state now, unless `Last-Event-ID` says it is known, and then each newer one. States may be skipped
    on the way to the newest. A stream ends after an hour; come back with the id that was last received."""
    await service.get_flight(tx, flight_id)
    caller = current().ip or "unknown"
    live.feed().admit(caller)
    seen = None if last_event_id is None else int(last_event_id)
    return EventStream(_events(flight_id, seen), partial(live.feed().leave, caller))


class EventStream(StreamingResponse):
    """Server-sent events. Gives its place back however it ends, also before the first event."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[str], leave: Callable[[], None]) -> None:
        super().__init__(frames)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


async def _events(flight_id: UUID, seen: int | None) -> AsyncIterator[str]:
    yield f"retry: {live.RETRY_AFTER_SECONDS * 1000}\n\n"
    async for change in live.feed().follow(flight_id, seen):
        if change is None:
            yield ": still here\n\n"
        else:
            data = change.availability.model_dump_json()
            yield f"id: {change.version}\nevent: availability\ndata: {data}\n\n"

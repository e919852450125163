"""The same endpoint as it would be written with objects of the ORM: what the hot write is held against.

Same edge, same rules, same rows; but each row is an object, each booking a transaction, and what is answered
is read back. Run by uvicorn, for a measurement only."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from app.bookings import answers, drafts, rules
from app.bookings.locators import new_locator
from app.bookings.models import BookingRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.schemas import Booking, BookingRequest, BookingStatus
from app.core import clock, http
from app.core.db import Transaction
from app.core.idempotency import RECORD_LIFE, IdempotentRequest
from app.core.ids import uuid7
from app.core.models import DomainEvent, IdempotencyRecord, Person
from app.core.rate_limits import limit_rate
from app.core.security import CurrentTraveller
from app.flights import service as flights
from app.inventory.models import CabinInventory, SeatHold
from app.inventory.rules import seats_open
from app.offers import service as offers
from app.settings import service as settings
from app.settings.registry import CHECKOUT_HOLD, MAX_HOLDS_PER_USER

Limit = Annotated[None, Depends(limit_rate)]

app = FastAPI()
http.install(app)


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/v1/bookings", status_code=201, response_model=Booking)
async def create_booking(
    request: BookingRequest, caller: CurrentTraveller, key: IdempotentRequest, tx: Transaction, _: Limit
) -> JSONResponse:
    stored = await key.find(tx)
    if stored is not None:
        return stored.replay()
    now = await clock.now(tx)
    offer = await offers.get_offer(tx, request.offer_id, now)
    booked = await flights.get_flights(tx, [leg.flight_id for part in offer.slices for leg in part.segments])
    for flight in booked.values():
        flights.ensure_open_for_sale(flight, now)
    holds = select(func.count()).where(
        col(BookingRow.user_id) == caller.user_id,
        col(BookingRow.status) == BookingStatus.HELD,
        col(BookingRow.payment_required_by) > now,
    )
    if (await tx.scalar(holds) or 0) >= await settings.get(tx, MAX_HOLDS_PER_USER, at=now):
        raise RuntimeError("a traveller of the bench has too many holds")
    checkout = await settings.get(tx, CHECKOUT_HOLD, at=now)
    booking_id = uuid7()
    draft = drafts.make(
        booking_id,
        await new_locator(tx, booking_id),
        caller.user_id,
        request,
        offer,
        rules.hold_clocks(now, request.hold, checkout=checkout),
        now,
    )
    booking = await _add(tx, draft)
    body = (await answers.show_booking(tx, booking, now)).model_dump(mode="json")
    tx.add(
        IdempotencyRecord(
            caller=key.caller,
            route=key.route,
            key=key.key,
            body_hash=key.body_hash,
            status_code=201,
            response=body,
            created_at=datetime.now(UTC),
            expires_at=datetime.now(UTC) + RECORD_LIFE,
        )
    )
    await _hold(tx, draft, now)
    return JSONResponse(body, 201)


async def _add(tx: AsyncSession, draft: drafts.Draft) -> BookingRow:
    now = draft.booking["created_at"]
    booking = BookingRow(**draft.booking, updated_at=now)
    tx.add(booking)
    tx.add_all([Person(**each, created_at=now) for each in draft.people])
    await tx.flush()
    tx.add_all([PassengerRow(**each) for each in draft.passengers])
    tx.add_all([SegmentRow(**each, updated_at=now) for each in draft.segments])
    await tx.flush()
    tx.add_all([ItemRow(**each, updated_at=now) for each in draft.items])
    event = vars(draft.event) | {"recorded_at": now, "payload": _plain(draft.event.payload)}
    tx.add(DomainEvent(**event))
    await tx.flush()
    await tx.refresh(booking)
    return booking


async def _hold(tx: AsyncSession, draft: drafts.Draft, now: datetime) -> None:
    for request in draft.hold.requests:
        found = select(CabinInventory).where(
            col(CabinInventory.flight_id) == request.flight_id, col(CabinInventory.cabin) == request.cabin
        )
        cabin = (await tx.scalars(found.with_for_update())).one()
        place = cabin.classes.index(request.fare_class)
        if seats_open(cabin.limits, cabin.held, cabin.sold)[place] < request.seats:
            raise RuntimeError("the seats of the bench ran out")
        cabin.held = [n + (request.seats if i == place else 0) for i, n in enumerate(cabin.held)]
        tx.add(
            SeatHold(
                id=uuid7(),
                booking_id=draft.id,
                flight_id=request.flight_id,
                cabin=request.cabin,
                fare_class=request.fare_class,
                seats=request.seats,
                created_at=now,
                expires_at=now + timedelta(minutes=15),
            )
        )
    await tx.flush()


def _plain(payload: dict[str, object]) -> dict[str, object]:
    """Ids as text, as the driver's JSON wants them."""
    return {
        name: [str(each) for each in value] if name == "flight_ids" and isinstance(value, list) else value
        for name, value in payload.items()
    }

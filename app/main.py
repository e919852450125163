"""The transactional core as one program: every domain's routes behind one edge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from app.audit import report_service as audit_report
from app.audit import service as audit
from app.audit.routes import note_denial
from app.audit.routes import router as audit_log
from app.bookings import batch as booking_batch
from app.bookings import purposes
from app.bookings.assistance.routes import router as assistance
from app.bookings.changes.routes import router as changes
from app.bookings.documents.routes import router as documents
from app.bookings.extras.routes import router as extras
from app.bookings.feed.routes import router as feed
from app.bookings.groups.routes import router as groups
from app.bookings.guests.routes import router as guests
from app.bookings.names.routes import router as names
from app.bookings.paying.routes import router as paying
from app.bookings.routes import router as bookings
from app.bookings.seats.routes import router as seats
from app.bookings.split.routes import router as split
from app.bookings.webhooks.routes import router as webhooks_in
from app.checkin.routes import gate
from app.checkin.routes import router as check_in
from app.core import catalogue, http, problem_pages, security
from app.core.db import Transaction, engine
from app.core.openapi import document, pages
from app.core.rate_limits import limit_rate
from app.disruptions.changes.routes import router as schedule_changes
from app.disruptions.operations.routes import router as operations
from app.disruptions.routes import router as disruptions
from app.flights import live as availability_feed
from app.flights.departures import service as departures
from app.flights.minimums.routes import router as minimums
from app.flights.routes import router as flights
from app.flights.schedules.routes import router as schedules
from app.identity import service as identity_service
from app.identity.administration.routes import router as administration
from app.identity.factors.routes import router as factors
from app.identity.keys import service as api_keys
from app.identity.keys.requests import service as api_requests
from app.identity.keys.requests.routes import router as key_requests
from app.identity.keys.routes import router as keys
from app.identity.recovery.routes import router as recovery
from app.identity.routes import router as identity
from app.inventory.controls.routes import router as controls
from app.notifications.routes import router as notifications
from app.notifications.webhooks.routes import router as webhooks
from app.offers import answers as offer_answers
from app.offers import batch as offer_batch
from app.offers.fare_calendar.routes import router as fare_calendar
from app.offers.routes import router as offers
from app.offers.search_events import service as search_events
from app.offers.sources import service as sources
from app.pricing.adjustments.routes import router as pricing_rules
from app.pricing.ancillaries.routes import router as ancillaries
from app.pricing.fx.routes import router as fx
from app.privacy.routes import router as privacy
from app.reference.routes import router as reference
from app.settings import memory as settings_memory
from app.settings.routes import router as settings
from app.waitlist.routes import router as waitlist

VERSION = "0.1.0"

# A request is held against some 200 patterns in turn: what is asked most stands first.
ROUTERS = (
    bookings,
    offers,
    identity,
    recovery,
    factors,
    keys,
    key_requests,
    administration,
    settings,
    audit_log,
    reference,
    flights,
    controls,
    schedules,
    minimums,
    fx,
    ancillaries,
    fare_calendar,
    pricing_rules,
    guests,
    seats,
    groups,
    extras,
    changes,
    documents,
    check_in,
    gate,
    waitlist,
    paying,
    webhooks_in,
    names,
    assistance,
    feed,
    webhooks,
    split,
    notifications,
    disruptions,
    privacy,
    operations,
    schedule_changes,
)

TAGS = [
    {"name": "identity", "description": "Accounts, log-in and sessions"},
    {"name": "administration", "description": "Users, roles, and tokens for programs of ours"},
    {"name": "privacy", "description": "What we know of a person, and forgetting it"},
    {"name": "flights", "description": "Airports, search, offers and flights"},
    {"name": "pricing", "description": "The rules that change fares, for administrators"},
    {"name": "bookings", "description": "Holding, buying and cancelling"},
    {"name": "payments", "description": "Paying for a booking, and what became of it"},
    {"name": "inventory", "description": "What flights may sell: counters, limits and overbooking"},
    {"name": "documents", "description": "Receipts, invoices, credit notes and the calendar"},
    {"name": "check-in", "description": "Checking in, and boarding passes"},
    {"name": "boarding", "description": "The gate: scans, standby, denied boarding, close-out"},
    {"name": "groups", "description": "Ten and more: quote, block, deposit, names"},
    {"name": "waitlist", "description": "Waiting for seats on a full flight"},
    {"name": "webhooks in", "description": "What payment providers call; each is signed by its provider"},
    {"name": "events", "description": "What happened, to be replayed or sent to you"},
    {"name": "notifications", "description": "What was sent to a customer"},
    {"name": "operations", "description": "The timetable, and flights that do not go as planned"},
    {"name": "sandbox", "description": "The test clock; refused outside of the sandbox"},
    {"name": "platform", "description": "Health, metrics, and what a problem's code means"},
]

platform = APIRouter(tags=["platform"], responses=http.PROBLEM_RESPONSES)


class Health(http.Schema):
    status: str


@platform.get("/healthz", summary="Is the process alive", status_code=200)
async def healthz() -> Health:
    return Health(status="alive")


@platform.get("/readyz", summary="Can it serve: does the database answer", status_code=200)
async def readyz(tx: Transaction) -> Health:
    await tx.execute(text("select 1"))
    return Health(status="ready")


@platform.get(
    "/metrics",
    summary="Read this process's metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": "contrail_requests_total 1.0\n"}}}},
)
async def metrics() -> PlainTextResponse:
    return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@platform.get("/asyncapi.json", summary="Read the catalogue of events", status_code=200)
async def asyncapi() -> JSONResponse:
    """Every domain event with its schema, who tells it and who acts on it, as AsyncAPI 3."""
    return JSONResponse(catalogue.document())


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    http.configure_logging()
    purposes.ensure_all_known()
    # Made now, or the first log-in with an unknown e-mail would take longer than all others.
    security.absent_user_hash()
    await offer_batch.start()
    await booking_batch.start()
    await search_events.start()
    await availability_feed.start()
    async with (
        settings_memory.process.kept_fresh(),
        audit.note_taking(),
        api_requests.noting(),
        departures.kept_in_memory(),
    ):
        yield
        await booking_batch.stop()
    await availability_feed.stop()
    await search_events.stop()
    await offer_batch.stop()
    await offer_answers.close()
    await sources.close()
    await engine().dispose()


def create_app() -> FastAPI:
    app = FastAPI(
        title="Contrail",
        version=VERSION,
        summary="Search, book, pay for and cancel flights.",
        openapi_tags=TAGS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(limit_rate)],
        generate_unique_id_function=_operation_id,
    )
    http.install(app)
    app.state.read_api_key = api_keys.read_key
    app.state.note_api_request = api_requests.note
    app.state.on_denial = note_denial
    audit_report.tell_roles_by(identity_service.list_role_holders)
    for router in (platform, *ROUTERS, problem_pages.router, pages.router):
        app.include_router(router)
    document.install(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


app = create_app()

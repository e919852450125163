"""Who may call what: a table written by hand, held against the routes the program really has."""

import re

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.core.ids import uuid7
from app.core.security import Role, mint_access_token, mint_service_token

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

EVERYONE = None
# A token is enough; what it may see is decided by whose it is.
CUSTOMER = frozenset(Role)
SIMULATOR = frozenset({Role.SIMULATOR})
ADMIN = frozenset({Role.ADMIN})
AGENT = frozenset({Role.AGENT})
REVENUE = frozenset({Role.ADMIN, Role.OPERATIONS})
DESK = frozenset({Role.ADMIN, Role.OPERATIONS})
AUDITORS = frozenset({Role.ADMIN, Role.ANALYST})
REVENUE_READERS = REVENUE | {Role.ANALYST}
OPERATIONS = frozenset({Role.OPERATIONS})
GROUP_DESK = frozenset({Role.AGENT, Role.ADMIN})
WAITLIST_DESK = REVENUE | {Role.AGENT}
DISPATCH = frozenset({Role.OPERATIONS, Role.ADMIN})

MAY_CALL: dict[tuple[str, str], frozenset[Role] | None] = {
    ("POST", "/v1/users"): EVERYONE,
    ("POST", "/v1/auth/token"): EVERYONE,
    ("POST", "/v1/auth/refresh"): EVERYONE,
    ("POST", "/v1/auth/logout"): EVERYONE,
    ("GET", "/.well-known/jwks.json"): EVERYONE,
    ("GET", "/v1/me"): CUSTOMER,
    ("PATCH", "/v1/me"): CUSTOMER,
    ("PUT", "/v1/me/password"): CUSTOMER,
    ("POST", "/v1/me/email"): CUSTOMER,
    ("POST", "/v1/auth/email-change/confirm"): EVERYONE,
    ("DELETE", "/v1/me"): CUSTOMER,
    ("GET", "/v1/me/export"): CUSTOMER,
    ("GET", "/v1/admin/retention"): frozenset({Role.ADMIN, Role.ANALYST}),
    ("POST", "/v1/auth/second-factor"): CUSTOMER,
    ("GET", "/v1/me/second-factor"): CUSTOMER,
    ("POST", "/v1/me/second-factor"): CUSTOMER,
    ("POST", "/v1/me/second-factor/confirm"): CUSTOMER,
    ("DELETE", "/v1/me/second-factor"): CUSTOMER,
    ("GET", "/v1/me/consents"): CUSTOMER,
    ("GET", "/v1/me/sessions"): CUSTOMER,
    ("DELETE", "/v1/me/sessions"): CUSTOMER,
    ("DELETE", "/v1/me/sessions/{session_id}"): CUSTOMER,
    ("POST", "/v1/auth/password-reset"): EVERYONE,
    ("POST", "/v1/auth/password-reset/confirm"): EVERYONE,
    ("POST", "/v1/auth/email-verification/confirm"): EVERYONE,
    ("POST", "/v1/me/email-verification"): CUSTOMER,
    ("GET", "/v1/me/api-keys"): CUSTOMER,
    ("POST", "/v1/me/api-keys"): CUSTOMER,
    ("GET", "/v1/me/api-keys/{api_key_id}/requests"): CUSTOMER,
    ("GET", "/v1/me/api-keys/{api_key_id}"): CUSTOMER,
    ("POST", "/v1/me/api-keys/{api_key_id}/rotate"): CUSTOMER,
    ("DELETE", "/v1/me/api-keys/{api_key_id}"): CUSTOMER,
    ("POST", "/v1/guest-access"): EVERYONE,
    ("GET", "/v1/admin/users"): ADMIN,
    ("POST", "/v1/admin/users/search"): ADMIN,
    ("GET", "/v1/admin/users/{user_id}"): ADMIN,
    ("PUT", "/v1/admin/users/{user_id}/roles"): ADMIN,
    ("POST", "/v1/admin/users/{user_id}/lock"): ADMIN,
    ("POST", "/v1/admin/users/{user_id}/unlock"): ADMIN,
    ("POST", "/v1/admin/service-tokens"): ADMIN,
    ("GET", "/v1/me/notifications"): CUSTOMER,
    ("GET", "/v1/airports"): EVERYONE,
    ("POST", "/v1/offer-requests"): EVERYONE,
    ("GET", "/v1/fx-rates"): EVERYONE,
    ("GET", "/v1/fare-calendar"): EVERYONE,
    ("GET", "/v1/flights/{flight_id}/ancillaries"): EVERYONE,
    ("POST", "/v1/admin/pricing-rules"): REVENUE,
    ("GET", "/v1/admin/pricing-rules"): REVENUE,
    ("GET", "/v1/admin/pricing-rules/{rule_id}"): REVENUE,
    ("PUT", "/v1/admin/pricing-rules/{rule_id}"): REVENUE,
    ("DELETE", "/v1/admin/pricing-rules/{rule_id}"): REVENUE,
    ("GET", "/v1/offers/{offer_id}"): EVERYONE,
    ("GET", "/v1/offer-requests/{offer_request_id}/offers"): EVERYONE,
    ("GET", "/v1/outside-offers/{source}/{offer_id}"): EVERYONE,
    ("GET", "/v1/flights/{flight_id}"): EVERYONE,
    ("GET", "/v1/flights/{flight_id}/availability"): EVERYONE,
    ("GET", "/v1/flights/{flight_id}/availability/stream"): EVERYONE,
    ("GET", "/v1/flights/{flight_id}/seat-map"): EVERYONE,
    ("GET", "/v1/events"): CUSTOMER,
    ("POST", "/v1/webhook-endpoints"): CUSTOMER,
    ("GET", "/v1/webhook-endpoints"): CUSTOMER,
    ("GET", "/v1/webhook-endpoints/{endpoint_id}"): CUSTOMER,
    ("PATCH", "/v1/webhook-endpoints/{endpoint_id}"): CUSTOMER,
    ("DELETE", "/v1/webhook-endpoints/{endpoint_id}"): CUSTOMER,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/secret"): CUSTOMER,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/ping"): CUSTOMER,
    ("GET", "/v1/webhook-endpoints/{endpoint_id}/deliveries"): CUSTOMER,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver"): CUSTOMER,
    ("POST", "/v1/bookings"): CUSTOMER,
    ("GET", "/v1/bookings"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/history"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/seats"): CUSTOMER,
    ("PUT", "/v1/bookings/{booking_id}/seats"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/payments"): CUSTOMER,
    ("GET", "/v1/payments/{payment_id}"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/payments"): CUSTOMER,
    ("POST", "/v1/payments/{payment_id}/confirm"): CUSTOMER,
    ("POST", "/v1/payments/{payment_id}/cancel"): CUSTOMER,
    ("POST", "/v1/payments/{payment_id}/refunds"): AGENT,
    ("POST", "/v1/bookings/{booking_id}/travel-credits"): AGENT,
    ("GET", "/v1/travel-credits"): CUSTOMER,
    ("GET", "/v1/travel-credits/{travel_credit_id}"): CUSTOMER,
    ("GET", "/v1/sandbox/outcomes"): EVERYONE,
    ("POST", "/v1/webhooks/sandbox"): EVERYONE,
    ("POST", "/v1/webhooks/stripe"): EVERYONE,
    ("POST", "/v1/webhooks/paypal"): EVERYONE,
    ("POST", "/v1/bookings/{booking_id}/cancellations"): CUSTOMER,
    ("POST", "/v1/cancellations/{cancellation_id}/confirm"): CUSTOMER,
    ("PATCH", "/v1/bookings/{booking_id}/passengers/{passenger_id}"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/service-requests"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/service-requests"): CUSTOMER,
    ("DELETE", "/v1/bookings/{booking_id}/service-requests/{service_request_id}"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/split"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/reprice"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/changes"): CUSTOMER,
    ("POST", "/v1/changes/{change_id}/confirm"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/ancillaries"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/ancillaries"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/ancillaries/{order_id}/payments"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/documents"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/documents/{name}"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/documents/{document_id}/file"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/check-in"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/check-in"): CUSTOMER,
    ("POST", "/v1/bookings/{booking_id}/check-in/undo"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/boarding-passes"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/boarding-passes/{coupon_id}"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/boarding-passes/{coupon_id}/barcode.png"): CUSTOMER,
    ("GET", "/v1/bookings/{booking_id}/boarding-passes/{coupon_id}/barcode.svg"): CUSTOMER,
    ("GET", "/v1/admin/flights/{flight_id}/boarding"): OPERATIONS,
    ("POST", "/v1/admin/flights/{flight_id}/boarding/scans"): OPERATIONS,
    ("POST", "/v1/admin/flights/{flight_id}/boarding/go-shows"): OPERATIONS,
    ("POST", "/v1/admin/flights/{flight_id}/boarding/standby"): OPERATIONS,
    ("GET", "/v1/admin/flights/{flight_id}/boarding/denial-order"): OPERATIONS,
    ("POST", "/v1/admin/flights/{flight_id}/boarding/denials"): OPERATIONS,
    ("POST", "/v1/admin/flights/{flight_id}/boarding/close-out"): OPERATIONS,
    ("GET", "/v1/airports/{airport}/minimum-connections"): EVERYONE,
    ("PUT", "/v1/admin/airports/{airport}/minimum-connections"): DISPATCH,
    ("POST", "/v1/admin/schedules"): DISPATCH,
    ("GET", "/v1/admin/schedules"): DISPATCH,
    ("GET", "/v1/admin/schedules/{schedule_id}"): DISPATCH,
    ("PATCH", "/v1/admin/schedules/{schedule_id}"): DISPATCH,
    ("DELETE", "/v1/admin/schedules/{schedule_id}"): DISPATCH,
    ("GET", "/v1/admin/ssim"): DISPATCH,
    ("POST", "/v1/admin/ssim"): DISPATCH,
    ("POST", "/v1/admin/flights/generate"): DISPATCH,
    ("POST", "/v1/admin/flights/{flight_id}/status"): DISPATCH,
    ("POST", "/v1/admin/flights/{flight_id}/delay"): DISPATCH,
    ("POST", "/v1/admin/flights/{flight_id}/cancel"): DISPATCH,
    ("POST", "/v1/admin/flights/{flight_id}/divert"): DISPATCH,
    ("GET", "/v1/admin/flights/{flight_id}/disruptions"): DISPATCH,
    ("POST", "/v1/admin/flights/{flight_id}/swap-aircraft"): DISPATCH,
    ("GET", "/v1/bookings/{booking_id}/schedule-changes"): CUSTOMER,
    ("GET", "/v1/schedule-changes/{schedule_change_id}"): CUSTOMER,
    ("POST", "/v1/schedule-changes/{schedule_change_id}/accept"): CUSTOMER,
    ("POST", "/v1/schedule-changes/{schedule_change_id}/change"): CUSTOMER,
    ("POST", "/v1/schedule-changes/{schedule_change_id}/refund"): CUSTOMER,
    ("POST", "/v1/admin/test-clock/advance"): SIMULATOR,
    ("POST", "/v1/groups"): CUSTOMER,
    ("GET", "/v1/groups"): CUSTOMER,
    ("GET", "/v1/groups/{group_id}"): CUSTOMER,
    ("POST", "/v1/groups/{group_id}/accept"): CUSTOMER,
    ("POST", "/v1/groups/{group_id}/names"): CUSTOMER,
    ("POST", "/v1/groups/{group_id}/cancel"): CUSTOMER,
    ("POST", "/v1/groups/{group_id}/bookings/{booking_id}/deposit"): CUSTOMER,
    ("GET", "/v1/admin/groups"): GROUP_DESK,
    ("POST", "/v1/admin/groups/{group_id}/quote"): GROUP_DESK,
    ("POST", "/v1/admin/groups/{group_id}/decline"): GROUP_DESK,
    ("POST", "/v1/waitlist"): CUSTOMER,
    ("GET", "/v1/waitlist"): CUSTOMER,
    ("GET", "/v1/waitlist/{entry_id}"): CUSTOMER,
    ("DELETE", "/v1/waitlist/{entry_id}"): CUSTOMER,
    ("PUT", "/v1/admin/waitlist/{entry_id}/priority"): WAITLIST_DESK,
    ("GET", "/v1/admin/flights/{flight_id}/waitlist"): WAITLIST_DESK,
    ("GET", "/v1/admin/inventory"): REVENUE_READERS,
    ("GET", "/v1/admin/flights/{flight_id}/inventory"): REVENUE_READERS,
    ("PUT", "/v1/admin/flights/{flight_id}/controls"): REVENUE,
    ("GET", "/v1/admin/flights/{flight_id}/controls/history"): REVENUE_READERS,
    ("POST", "/v1/admin/inventory/controls"): REVENUE,
    ("POST", "/v1/admin/inventory/controls/by-filter"): REVENUE,
    ("GET", "/v1/admin/test-clock"): SIMULATOR,
    ("DELETE", "/v1/admin/test-clock"): SIMULATOR,
    ("GET", "/healthz"): EVERYONE,
    ("GET", "/readyz"): EVERYONE,
    ("GET", "/metrics"): EVERYONE,
    ("GET", "/docs"): EVERYONE,
    ("GET", "/docs/{asset}"): EVERYONE,
    ("GET", "/openapi.json"): EVERYONE,
    ("HEAD", "/openapi.json"): EVERYONE,
    ("GET", "/asyncapi.json"): EVERYONE,
    ("GET", "/v1/admin/settings"): DESK,
    ("GET", "/v1/admin/settings/{key}"): DESK,
    ("PUT", "/v1/admin/settings/{key}"): ADMIN,
    ("GET", "/v1/admin/flags"): DESK,
    ("POST", "/v1/admin/flags"): ADMIN,
    ("GET", "/v1/admin/flags/{key}"): DESK,
    ("PUT", "/v1/admin/flags/{key}"): ADMIN,
    ("POST", "/v1/admin/flags/{key}/ask"): DESK,
    ("GET", "/v1/admin/audit"): AUDITORS,
    ("GET", "/v1/admin/audit/{entry_id}"): AUDITORS,
    ("GET", "/v1/admin/audit/report"): ADMIN,
    ("GET", "/v1/admin/audit/chain"): ADMIN,
    ("GET", "/problems"): EVERYONE,
    ("GET", "/problems/{code}"): EVERYONE,
}

ROUTES = sorted(MAY_CALL)
GUARDED = [route for route in ROUTES if MAY_CALL[route] is not EVERYONE]


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method, route.path or "")
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
    }


# How the ids of each parameter begin.
PREFIXES = {
    "offer_id": "off",
    "flight_id": "flt",
    "booking_id": "bkg",
    "payment_id": "pay",
    "cancellation_id": "can",
    "order_id": "ord",
    "change_id": "chg",
    "coupon_id": "cpn",
    "session_id": "ses",
    "api_key_id": "key",
    "user_id": "usr",
    "passenger_id": "pas",
    "service_request_id": "ssr",
    "endpoint_id": "whe",
    "delivery_id": "whd",
    "document_id": "doc",
    "travel_credit_id": "crd",
    "rule_id": "prl",
    "offer_request_id": "orq",
    "schedule_id": "sch",
    "schedule_change_id": "scg",
    "entry_id": "aud",
}


def address(path: str) -> str:
    """The path with ids in it that lead nowhere."""
    return re.sub(r"{(\w+)}", lambda found: f"{PREFIXES.get(found[1], 'x')}_{uuid7().hex}", path)


async def call(client: httpx2.AsyncClient, route: tuple[str, str], token: str | None) -> httpx2.Response:
    headers = {"idempotency-key": uuid7().hex}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    method, path = route
    return await client.request(method, address(path), headers=headers)


async def test_table_lists_every_route_and_no_other(application: FastAPI) -> None:
    assert routes_of(application) == set(MAY_CALL)


async def test_unlisted_route_would_be_found(application: FastAPI) -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/v1/forgotten", lambda: None, methods=["DELETE"])

    assert routes_of(app) - set(MAY_CALL) == {("DELETE", "/v1/forgotten")}


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
async def test_guarded_route_refuses_a_caller_it_does_not_know(
    client: httpx2.AsyncClient, route: tuple[str, str]
) -> None:
    for token in (None, "nonsense"):
        answer = await call(client, route, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
async def test_guarded_route_lets_in_the_roles_of_the_table_and_no_other(
    client: httpx2.AsyncClient, route: tuple[str, str]
) -> None:
    for role in Role:
        answer = await call(client, route, mint_access_token(uuid7(), uuid7(), [role]))
        is_let_in = answer.json().get("code") != "forbidden" if answer.content else True
        assert is_let_in == (role in (MAY_CALL[route] or ())), f"{role} at {route}: {answer.status_code}"


@pytest.mark.parametrize("route", [route for route in GUARDED if MAY_CALL[route] == CUSTOMER], ids=" ".join)
async def test_program_of_ours_cannot_act_as_a_customer(
    client: httpx2.AsyncClient, route: tuple[str, str]
) -> None:
    answer = await call(client, route, mint_service_token("simulator", [Role.SIMULATOR]))

    assert answer.status_code in (403, 422, 428), "422 where the body is looked at first"


@pytest.mark.parametrize("route", [route for route in ROUTES if MAY_CALL[route] is EVERYONE], ids=" ".join)
async def test_open_route_asks_nobody_who_he_is(client: httpx2.AsyncClient, route: tuple[str, str]) -> None:
    answer = await call(client, route, None)

    assert answer.status_code not in (401, 403, 405)
    assert answer.status_code < 500

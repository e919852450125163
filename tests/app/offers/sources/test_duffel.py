"""Duffel's offers, asked for and understood over HTTP, from a server that speaks its contract."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from app.core.config import get_settings
from app.core.money import Money
from app.flights.schemas import Cabin
from app.offers.errors import SourceFailed
from app.offers.sources import duffel as adapter
from app.offers.sources import service
from app.offers.sources.base import OutsideQuery, OutsideSliceQuery
from app.offers.sources.duffel import FAILURES_BEFORE_A_BREAK, Duffel
from app.pricing.schemas import PassengerType
from tests.app.conftest import Owner
from tests.app.departures import make_reference
from tests.app.offers.sources.duffel_server import (
    OFFER_ID,
    TOKEN,
    DuffelServer,
    duffel_server,
    offer,
    segment,
)

pytestmark = pytest.mark.anyio

QUERY = OutsideQuery(
    slices=[OutsideSliceQuery(origin="LHR", destination="JFK", departure_date=date(2031, 6, 13))],
    party=[PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT],
    cabin=Cabin.PREMIUM_ECONOMY,
    max_stops=1,
)


@pytest.fixture
def server() -> Iterator[DuffelServer]:
    with duffel_server() as running:
        yield running


@pytest.fixture
async def source(server: DuffelServer) -> AsyncIterator[Duffel]:
    source = Duffel(server.url, TOKEN)
    yield source
    await source.close()


async def test_a_search_is_asked_as_the_contract_says(source: Duffel, server: DuffelServer) -> None:
    await source.search(QUERY, limit=10)

    (request,) = server.requests
    assert (request["method"], request["path"]) == ("POST", "/air/offer_requests")
    assert request["query"] == {"return_offers": ["true"], "supplier_timeout": ["8000"]}
    assert request["body"]["data"] == {
        "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": "2031-06-13"}],
        "passengers": [{"type": "adult"}, {"type": "child"}, {"type": "infant_without_seat"}],
        "cabin_class": "premium_economy",
        "max_connections": 1,
    }


async def test_an_offer_is_told_in_our_words(source: Duffel) -> None:
    (found,) = await source.search(QUERY, limit=10)

    assert (found.id, found.airline, found.is_bookable) == (OFFER_ID, "ZZ", False)
    assert found.total == Money(amount_minor=12120, currency="GBP")
    assert found.taxes == Money(amount_minor=3040, currency="GBP")
    assert found.passengers == [PassengerType.ADULT, PassengerType.INFANT]
    assert found.conditions.cancel_before_departure is None
    assert found.conditions.change_before_departure is not None
    assert found.conditions.change_before_departure.penalty == Money(amount_minor=10000, currency="GBP")
    (flown,) = found.slices[0].segments
    assert (flown.airline, flown.operated_by, flown.flight_number) == ("ZZ", "BA", "2140")
    assert flown.departs_local.isoformat() == "2031-06-13T16:38:02"
    assert flown.duration == timedelta(hours=7, minutes=26)
    assert (found.slices[0].brand, flown.cabin, flown.fare_basis) == ("Basic", "economy", "OXZ0RO")


async def test_what_airlines_leave_out_is_left_out(source: Duffel, server: DuffelServer) -> None:
    bare = segment(
        "LHR", "JFK", aircraft=None, duration=None, passengers=[], operating_carrier={"iata_code": None}
    )
    server.offers = [offer(tax_amount=None, tax_currency=None, total_emissions_kg=None, conditions={})]
    server.offers[0]["slices"][0] |= {"fare_brand_name": None, "segments": [bare]}

    (found,) = await source.search(QUERY, limit=10)

    assert (found.taxes, found.co2_kg, found.slices[0].brand) == (None, None, None)
    assert found.slices[0].segments[0].aircraft_type is None


async def test_the_cheapest_come_first_and_no_more_than_asked(source: Duffel, server: DuffelServer) -> None:
    server.offers = [offer(f"off_{n}", total) for n, total in enumerate(["300.00", "99.99", "250.10"])]

    found = await source.search(QUERY, limit=2)

    assert [each.total.amount_minor for each in found] == [9999, 25010]


async def test_a_currency_without_decimals_is_not_multiplied(source: Duffel, server: DuffelServer) -> None:
    server.offers = [offer(total="15000", total_currency="JPY")]

    (found,) = await source.search(QUERY, limit=1)

    assert found.total == Money(amount_minor=15000, currency="JPY")


async def test_an_offer_is_read_again_and_may_be_gone(source: Duffel, server: DuffelServer) -> None:
    server.offers = [offer(total="130.00")]

    again = await source.find_offer(OFFER_ID)
    server.gone = True

    assert again is not None
    assert again.total.amount_minor == 13000
    assert await source.find_offer(OFFER_ID) is None


@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500, 502, 503])
async def test_a_refusal_is_a_failure_of_the_source(
    source: Duffel, server: DuffelServer, status: int
) -> None:
    server.fails_with = status

    with pytest.raises(SourceFailed):
        await source.search(QUERY, limit=1)


@pytest.mark.parametrize("says", [b"", b"<html>", b"{}", b'{"data": {"offers": [{"id": "off_1"}]}}'])
async def test_an_answer_that_is_not_the_contracts_is_a_failure(
    source: Duffel, server: DuffelServer, says: bytes
) -> None:
    server.says = says

    with pytest.raises(SourceFailed):
        await source.search(QUERY, limit=1)


async def test_a_wrong_token_is_a_failure(server: DuffelServer) -> None:
    source = Duffel(server.url, "wrong")

    with pytest.raises(SourceFailed):
        await source.search(QUERY, limit=1)
    await source.close()


async def test_a_silent_source_is_not_waited_for(
    server: DuffelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "ANSWER_SECONDS", 0.2)
    server.answers.clear()
    source = Duffel(server.url, TOKEN)

    with pytest.raises(SourceFailed):
        await source.search(QUERY, limit=1)
    await source.close()


async def test_a_source_nobody_listens_at_is_a_failure() -> None:
    with duffel_server() as gone:
        url = gone.url
    source = Duffel(url, TOKEN)

    with pytest.raises(SourceFailed):
        await source.search(QUERY, limit=1)
    await source.close()


async def test_a_source_that_keeps_failing_is_left_alone(source: Duffel, server: DuffelServer) -> None:
    server.fails_with = 503
    for _ in range(FAILURES_BEFORE_A_BREAK + 2):
        with pytest.raises(SourceFailed):
            await source.search(QUERY, limit=1)

    assert len(server.requests) == FAILURES_BEFORE_A_BREAK


async def test_what_it_refuses_is_no_reason_to_leave_it_alone(source: Duffel, server: DuffelServer) -> None:
    server.fails_with = 422
    for _ in range(FAILURES_BEFORE_A_BREAK + 2):
        with pytest.raises(SourceFailed):
            await source.search(QUERY, limit=1)

    assert len(server.requests) == FAILURES_BEFORE_A_BREAK + 2


ASKED: dict[str, Any] = {
    "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": "2031-06-13"}],
    "passengers": [{"type": "adult"}],
    "outside_sources": ["duffel"],
}


@pytest.fixture
async def configured(
    core_settings: object, server: DuffelServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DuffelServer]:
    """The program, told where Duffel is."""
    monkeypatch.setattr(get_settings(), "duffel_url", server.url)
    monkeypatch.setenv("CONTRAIL_SECRET_DUFFEL_TOKEN", TOKEN)
    service.configured.cache_clear()
    yield server
    await service.close()


@pytest.mark.postgres
async def test_an_answer_holds_outside_offers_beside_its_own(
    owner: Owner, client: httpx2.AsyncClient, configured: DuffelServer
) -> None:
    make_reference(owner)

    body = (await client.post("/v1/offer-requests", json=ASKED)).json()

    assert body["outside_sources"] == [{"source": "duffel", "status": "ok", "offers_found": 1}]
    (found,) = body["outside_offers"]
    assert (found["id"], found["is_bookable"]) == (OFFER_ID, False)
    again = await client.get(f"/v1/outside-offers/duffel/{found['id']}")
    assert again.json() == found


@pytest.mark.postgres
async def test_a_source_that_fails_fails_nobody_else(
    owner: Owner, client: httpx2.AsyncClient, configured: DuffelServer
) -> None:
    make_reference(owner)
    configured.fails_with = 500

    answer = await client.post("/v1/offer-requests", json=ASKED)

    assert answer.status_code == 201
    assert answer.json()["outside_sources"][0]["status"] == "failed"
    again = await client.get(f"/v1/outside-offers/duffel/{OFFER_ID}")
    assert (again.status_code, again.json()["code"]) == (502, "source_failed")


@pytest.mark.postgres
async def test_without_an_address_a_source_is_not_asked(owner: Owner, client: httpx2.AsyncClient) -> None:
    make_reference(owner)

    body = (await client.post("/v1/offer-requests", json=ASKED)).json()

    assert body["outside_sources"] == [{"source": "duffel", "status": "not_configured", "offers_found": 0}]
    assert (await client.get(f"/v1/outside-offers/duffel/{OFFER_ID}")).status_code == 404

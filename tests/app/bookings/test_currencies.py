"""A booking lives in the currency of its offer, from the price to the refund."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.app.bookings.travellers import (
    ECONOMY,
    Traveller,
    assert_money_is_conserved,
    booking_request,
    departing,
)
from tests.app.conftest import Owner
from tests.app.departures import make_departure
from tests.app.pricing.fx.test_service import load_every_rate

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def priced_in(
    traveller: Traveller, owner: Owner, currency: str | None, brand: str = "Standard"
) -> dict[str, Any]:
    await load_every_rate()
    departure = departing(owner)
    body = {
        "slices": [
            {
                "origin": departure.origin,
                "destination": departure.destination,
                "departure_date": departure.departs_at.date().isoformat(),
            }
        ],
        "passengers": [{"type": "adult"}, {"type": "child"}],
        "currency": currency,
    }
    answer = await traveller.client.post("/v1/offer-requests", json=body)
    assert answer.status_code == 201, answer.text
    return next(offer for offer in answer.json()["offers"] if offer["brand"] == brand)


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0)])
async def test_a_booking_is_paid_and_refunded_in_the_currency_of_its_offer(
    traveller: Traveller, owner: Owner, currency: str, places: int
) -> None:
    offer = await priced_in(traveller, owner, currency)
    penalty = Decimal(10_000) / 100 * Decimal(offer["fx"]["rate"]) * 10**places
    expected_penalty = int(penalty.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    booked = await traveller.post("/v1/bookings", booking_request(offer, ("adult", "child")))
    booking = booked.json()
    payment = await traveller.pay(booking)
    later = traveller.after_the_void_window()
    quote = await later.quote(booking)

    assert booking["total"] == payment["amount"] == offer["total"]
    assert offer["total"]["currency"] == currency
    assert {item["amount"]["currency"] for item in booking["items"]} == {currency}
    fares = [item["amount"]["amount_minor"] for item in booking["items"] if item["kind"] == "fare"]
    assert quote["penalty"] == {
        "amount_minor": sum(min(fare, expected_penalty) for fare in fares),
        "currency": currency,
    }
    assert (await later.confirm(quote)).status_code == 200
    assert_money_is_conserved(owner, booking)


async def test_an_offer_says_what_rate_it_was_made_with(traveller: Traveller, owner: Owner) -> None:
    offer = await priced_in(traveller, owner, "EUR")
    listed = (await traveller.get(f"/v1/fx-rates?base=USD&day={offer['fx']['as_of']}")).json()

    assert offer["fx"]["base_currency"] == "USD"
    assert offer["fx"]["rate"] == next(r["rate"] for r in listed["rates"] if r["currency"] == "EUR")
    assert (await traveller.get(f"/v1/offers/{offer['id']}")).json() == offer


@pytest.mark.parametrize("currency", [None, "USD"])
async def test_in_the_fares_own_currency_nothing_is_converted(
    traveller: Traveller, owner: Owner, currency: str | None
) -> None:
    assert (await priced_in(traveller, owner, currency))["fx"] is None


async def test_a_currency_without_a_rate_is_refused_where_it_stands(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    leg = {"origin": "JFK", "destination": "LAX", "departure_date": departure.departs_at.date().isoformat()}
    body = {"slices": [leg], "passengers": [{"type": "adult"}], "currency": "XXX"}

    answer = await traveller.client.post("/v1/offer-requests", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "currency_unavailable")
    assert answer.json()["errors"][0]["pointer"] == "/currency"


async def test_a_journey_of_several_flights_is_ticketed_coupon_by_coupon(
    traveller: Traveller, owner: Owner
) -> None:
    """Each coupon holds the fare and the taxes of its own flight: the far one is worth more."""
    first = departing(owner)
    owner.execute("update app.flights set distance_km = 500 where id = %s", (first.flight_id,))
    leg = {"origin": "JFK", "destination": "LAX", "departure_date": first.departs_at.date().isoformat()}
    next_day = first.departs_at + timedelta(days=1)
    back = make_departure(
        owner,
        origin="LAX",
        destination="JFK",
        departs_at=next_day,
        cabins={"economy": ECONOMY},
        live_at=next_day,
    )
    home = {"origin": "LAX", "destination": "JFK", "departure_date": back.departs_at.date().isoformat()}
    body = {"slices": [leg, home], "passengers": [{"type": "adult"}, {"type": "infant"}]}
    offer = (await traveller.client.post("/v1/offer-requests", json=body)).json()["offers"][0]

    booked = (await traveller.post("/v1/bookings", booking_request(offer, ("adult", "infant")))).json()
    await traveller.pay(booked)

    rows = owner.execute(
        "select p.type, c.number, c.fare_minor, c.tax_minor from app.coupons c "
        "join app.passengers p on p.id = c.passenger_id where c.booking_id = ("
        "select booking_id from app.pnrs where pnr = %s) order by 1, 2",
        (booked["pnr"],),
    ).fetchall()
    expected = []
    for price in offer["passengers"]:
        for segment in (0, 1):
            taxes = [
                line["amount"]["amount_minor"]
                for line in price["breakdown"]
                if line["segment"] == segment and line["kind"] in ("tax", "fee")
            ]
            fare = price["segment_fares"][segment]["amount_minor"]
            expected.append((price["type"], segment + 1, fare, sum(taxes)))
    assert rows == expected
    assert expected[0][2] < expected[1][2]
    assert [part["origin"] for part in booked["slices"]] == ["JFK", "LAX"]
    assert_money_is_conserved(owner, booked)

"""What breaks booking programs: money without cents, odd days and hours, and people as they are."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.app.bookings.test_currencies import priced_in
from tests.app.bookings.travellers import (
    ECONOMY,
    Traveller,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
)
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure
from tests.app.pricing.fx.test_service import load_every_rate

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

# The night the clocks of New York go back: 01:30 is at 05:30 and again at 06:30 UTC.
NIGHT = datetime(2027, 11, 7, tzinfo=UTC)


def leaving(owner: Owner, departs_at: datetime, origin: str = "JFK", hours: float = 6.0) -> Departure:
    return make_departure(
        owner,
        departs_at=departs_at,
        origin=origin,
        cabins={"economy": ECONOMY},
        live_at=departs_at - timedelta(days=20),
        flight_time=timedelta(hours=hours),
    )


async def test_money_with_three_decimals_is_priced_paid_and_paid_back(
    traveller: Traveller, owner: Owner
) -> None:
    await load_every_rate()
    owner.execute(
        "insert into app.fx_rates (rate_date, currency, rate, source) "
        "select max(rate_date), 'KWD', 0.33, 'test' from app.fx_rates on conflict do nothing"
    )

    offer = await priced_in(traveller, owner, "KWD")
    booking = (await traveller.post("/v1/bookings", booking_request(offer, ("adult", "child")))).json()
    payment = await traveller.pay(booking)
    quote = await traveller.quote(booking)
    assert (await traveller.confirm(quote)).status_code == 200

    assert payment["amount"] == offer["total"] == booking["total"]
    assert offer["total"]["currency"] == "KWD"
    # 100 US dollars are some 30 dinars, which are 30,000 of their thousandths.
    assert Decimal("0.2") < Decimal(offer["fx"]["rate"]) < Decimal("0.4")
    assert offer["total"]["amount_minor"] > 20_000
    assert sum(p["total"]["amount_minor"] for p in offer["passengers"]) == offer["total"]["amount_minor"]
    assert_money_is_conserved(owner, booking)


async def test_two_flights_of_one_local_time_in_the_repeated_hour_are_two_flights(
    traveller: Traveller, owner: Owner
) -> None:
    traveller = traveller.at(NIGHT - timedelta(days=10))
    flights = [leaving(owner, NIGHT + timedelta(hours=hour, minutes=30)) for hour in (5, 6)]

    booked = [(await traveller.book(flight))["slices"][0]["segments"][0] for flight in flights]

    assert [segment["departs_local"] for segment in booked] == ["2027-11-07T01:30:00"] * 2
    assert [segment["duration"] for segment in booked] == ["PT6H"] * 2
    assert [segment["arrives_local"][11:16] for segment in booked] == ["03:30", "04:30"]


async def test_flight_over_the_date_line_arrives_before_it_leaves(traveller: Traveller, owner: Owner) -> None:
    departs_at = datetime(2027, 3, 9, 7, 0, tzinfo=UTC)

    booking = await traveller.at(departs_at - timedelta(days=30)).book(
        leaving(owner, departs_at, origin="AKL", hours=12)
    )

    (segment,) = booking["slices"][0]["segments"]
    assert (segment["departs_local"], segment["arrives_local"]) == (
        "2027-03-09T20:00:00",
        "2027-03-09T11:00:00",
    )
    assert segment["duration"] == "PT12H"


async def test_leap_day_is_a_day_like_any_other(traveller: Traveller, owner: Owner) -> None:
    departs_at = datetime(2028, 2, 29, 17, 0, tzinfo=UTC)

    booking = await traveller.at(departs_at - timedelta(days=30)).book(leaving(owner, departs_at))

    assert booking["slices"][0]["segments"][0]["departs_local"] == "2028-02-29T12:00:00"


async def test_nine_may_travel_together_and_ten_are_a_group(traveller: Traveller, owner: Owner) -> None:
    departure, nine = departing(owner), ("adult",) * 9

    booking = await traveller.book(departure, nine)
    ten = await traveller.post("/v1/offer-requests", request_for(departure, (*nine, "adult")))

    assert len(booking["passengers"]) == 9
    assert counters(owner, departure) == (9, 0)
    assert (ten.status_code, ten.json()["errors"][0]["pointer"]) == (422, "/passengers")


@pytest.mark.parametrize("types", [("infant",), ("adult", "infant", "infant"), ("child", "infant")])
async def test_every_infant_needs_an_adult_of_its_own(
    traveller: Traveller, owner: Owner, types: tuple[str, ...]
) -> None:
    answer = await traveller.post("/v1/offer-requests", request_for(departing(owner), types))

    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("given_name", "family_name"),
    [
        ("A", "B"),
        ("Renée", "O'Neill"),
        ("D’Arcy", "Nuñez-Łoś"),
        ("小明", "王"),
        ("محمد", "علي"),
        ("Анна", "Щ"),
    ],
)
async def test_people_are_called_what_they_are_called(
    traveller: Traveller, owner: Owner, given_name: str, family_name: str
) -> None:
    name = {"given_name": given_name, "family_name": family_name}
    body = booking_request(await traveller.offer(departing(owner)))
    body["passengers"][0] |= name

    booking = (await traveller.post("/v1/bookings", body)).json()
    assert (await traveller.pay(booking))["status"] == "captured"
    read = await traveller.read(booking)

    assert read["status"] == "ticketed"
    assert read["passengers"][0].items() >= name.items()


def request_for(departure: Departure, types: tuple[str, ...]) -> dict[str, object]:
    leg = {"origin": departure.origin, "destination": departure.destination}
    leg["departure_date"] = departure.departs_at.date().isoformat()
    return {"slices": [leg], "passengers": [{"type": kind} for kind in types]}

"""From a search to a refund, through the API, a real Postgres and a real payment provider."""

import httpx2
import pytest

from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
    event_types,
    key_of,
    new_traveller,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FAMILY = ("adult", "child", "infant")


async def test_family_books_pays_and_cancels(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)

    booking = await traveller.book(departure, FAMILY, "Standard")
    assert booking["status"] == "held"
    assert {"pay", "cancel"} <= set(booking["available_actions"])
    assert booking["passengers"][0]["given_name"] == "Ada"
    assert (
        sum(item["amount"]["amount_minor"] for item in booking["items"]) == booking["total"]["amount_minor"]
    )
    assert counters(owner, departure) == (2, 0)

    payment = await traveller.pay(booking)
    assert payment["status"] == "captured"
    assert payment["card"]["country"] == "US"
    ticketed = await traveller.read(booking)
    assert ticketed["status"] == "ticketed"
    assert len({ticket["number"] for ticket in ticketed["tickets"]}) == 3
    assert counters(owner, departure) == (0, 2)
    assert_money_is_conserved(owner, booking)

    traveller = traveller.after_the_void_window()
    quote = await traveller.quote(booking)
    fares = [i["amount"]["amount_minor"] for i in booking["items"] if i["kind"] == "fare"]
    assert quote["penalty"]["amount_minor"] == sum(min(fare, 10_000) for fare in fares)
    confirmed = (await traveller.confirm(quote)).json()
    assert confirmed["status"] == "confirmed"
    assert confirmed["refund"]["status"] == "done"
    assert confirmed["refund"]["amount"] == quote["refund_amount"]

    cancelled = await traveller.read(booking)
    assert cancelled["status"] == "cancelled"
    assert {ticket["status"] for ticket in cancelled["tickets"]} == {"refunded"}
    assert {c["status"] for t in cancelled["tickets"] for c in t["coupons"]} == {"refunded"}
    assert counters(owner, departure) == (0, 0)
    assert_money_is_conserved(owner, booking)
    assert event_types(owner, booking) == [
        "BookingCreated",
        "PaymentPending",
        "PaymentSucceeded",
        "BookingConfirmed",
        "BookingTicketed",
        "BookingCancelled",
        "RefundIssued",
    ]


async def test_provider_agrees_with_the_books(
    traveller: Traveller, owner: Owner, gateway: GatewayProcess
) -> None:
    booking = await traveller.book(departing(owner), brand="Standard")
    payment = await traveller.pay(booking)
    later = traveller.after_the_void_window()
    refund = (await later.confirm(await later.quote(booking))).json()["refund"]

    charge = httpx2.get(f"{gateway.url}/v1/charges/{payment['id']}").json()

    assert charge["amount_minor"] == booking["total"]["amount_minor"]
    assert charge["refunded_minor"] == refund["amount"]["amount_minor"]


@pytest.mark.parametrize(("brand", "keeps_fare"), [("Flex", False), ("Basic", True)])
async def test_flexible_fare_comes_back_and_basic_fare_is_kept(
    traveller: Traveller, owner: Owner, brand: str, keeps_fare: bool
) -> None:
    booking = await traveller.book(departing(owner), brand=brand)
    await traveller.pay(booking)

    traveller = traveller.after_the_void_window()
    quote = await traveller.quote(booking)

    fare = next(i["amount"]["amount_minor"] for i in booking["items"] if i["kind"] == "fare")
    assert quote["penalty"]["amount_minor"] == (fare if keeps_fare else 0)
    assert (await traveller.confirm(quote)).status_code == 200
    assert_money_is_conserved(owner, booking)


async def test_held_booking_is_cancelled_for_nothing(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)

    confirmed = await traveller.confirm(await traveller.quote(booking))

    assert confirmed.json()["penalty"]["amount_minor"] == 0
    assert confirmed.json()["refund"] is None
    assert (await traveller.read(booking))["status"] == "cancelled"
    assert counters(owner, departure) == (0, 0)


async def test_cancelled_flight_gives_back_even_a_basic_fare(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, brand="Basic")
    await traveller.pay(booking)
    owner.execute("update app.flights set status = 'cancelled' where id = %s", (departure.flight_id,))

    quote = await traveller.quote(booking)

    assert quote["refund_amount"] == booking["total"]


async def test_nobody_else_sees_or_touches_a_booking(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)
    quote = await traveller.quote(booking)
    stranger = new_traveller(client, owner)

    refusals = [
        await stranger.get(f"/v1/bookings/{booking['id']}"),
        await stranger.get(f"/v1/bookings/{booking['id']}/history"),
        await stranger.get(f"/v1/payments/{payment['id']}"),
        await stranger.post(f"/v1/bookings/{booking['id']}/payments", payment_request()),
        await stranger.post(f"/v1/bookings/{booking['id']}/cancellations"),
        await stranger.confirm(quote),
    ]

    assert [answer.status_code for answer in refusals] == [404] * 6
    assert (await stranger.get("/v1/bookings")).json()["data"] == []


async def test_history_tells_what_happened_and_not_what_is_thought(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)

    answer = await traveller.get(f"/v1/bookings/{booking['id']}/history")

    events = answer.json()["data"]
    assert [event["type"] for event in events] == event_types(owner, booking)
    assert events[1]["details"]["payment_id"] == payment["id"]
    assert "entities" not in answer.text
    assert "fraud" not in answer.text


async def test_list_is_read_in_pages(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    made = [(await traveller.book(departure))["id"] for _ in range(3)]

    first = (await traveller.get("/v1/bookings?limit=2")).json()
    second = (await traveller.get(f"/v1/bookings?limit=2&after={first['meta']['after']}")).json()

    assert [b["id"] for b in first["data"] + second["data"]] == made[::-1]
    assert second["meta"]["after"] is None
    assert (await traveller.get("/v1/bookings?after=nonsense")).status_code == 422


async def test_no_name_or_address_is_written_outside_of_the_vault(traveller: Traveller, owner: Owner) -> None:
    offer = await traveller.offer(departing(owner))
    body = booking_request(offer) | {"contact": {"email": "zaphod@example.org"}}
    body["passengers"][0]["family_name"] = "Beeblebrox"
    booking = (await traveller.post("/v1/bookings", body)).json()
    await traveller.pay(booking)

    tables = owner.execute(
        "select relname from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'"
    ).fetchall()
    for (table,) in tables:
        found = scalar(
            owner,
            f"select count(*) from app.{table} as t where t::text ~* 'beeblebrox|zaphod'",
        )
        assert found == 0, table


async def test_books_keep_the_hashes_of_who_booked(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), FAMILY)

    row = owner.execute(
        "select email_hash, phone_hash, distinct_surnames, array_length(surname_hashes, 1) "
        "from app.bookings where id = %s",
        (key_of(booking),),
    ).fetchone()

    assert row is not None
    assert str(row[0]).startswith("k1:")
    assert str(row[1]).startswith("k1:")
    assert row[2:] == (1, 1)

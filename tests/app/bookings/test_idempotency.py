"""One key, one effect: however many ask, in whatever order, with whatever fate."""

import asyncio

import httpx2
import pytest

from app.core.ids import uuid7
from tests.app.bookings.travellers import (
    Traveller,
    booking_request,
    counters,
    departing,
    new_traveller,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

TWINS = 50
FEW = 6


async def test_fifty_twins_make_one_booking(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    body = booking_request(await traveller.offer(departure))

    answers = await asyncio.gather(*(traveller.post("/v1/bookings", body, key="twins") for _ in range(TWINS)))

    made = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len({answer.text for answer in made}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in made) == 1
    assert {answer.status_code for answer in refused} <= {409}
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert scalar(owner, "select count(*) from app.bookings where user_id = %s", traveller.user_id) == 1
    assert counters(owner, departure) == (1, 0)


async def test_as_many_keys_make_as_many_bookings(traveller: Traveller, owner: Owner) -> None:
    """The negative control: without one key, the same requests are as many bookings."""
    departure = departing(owner)
    body = booking_request(await traveller.offer(departure, brand="Flex"))

    answers = await asyncio.gather(*(traveller.post("/v1/bookings", body) for _ in range(FEW)))

    assert [answer.status_code for answer in answers] == [201] * FEW
    assert counters(owner, departure) == (FEW, 0)


async def test_key_with_another_body_is_refused(traveller: Traveller, owner: Owner) -> None:
    body = booking_request(await traveller.offer(departing(owner)))
    await traveller.post("/v1/bookings", body, key="reused")

    other = await traveller.post(
        "/v1/bookings", body | {"contact": {"email": "other@example.com"}}, key="reused"
    )

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_missing_key_is_refused_wherever_money_or_seats_move(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    quote = await traveller.quote(booking)
    posts = {
        "/v1/bookings": booking_request(await traveller.offer(departing(owner))),
        f"/v1/bookings/{booking['id']}/payments": payment_request(),
        f"/v1/bookings/{booking['id']}/cancellations": None,
        f"/v1/cancellations/{quote['id']}/confirm": None,
    }

    answers = [
        await traveller.client.post(path, json=body, headers=traveller.headers())
        for path, body in posts.items()
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert {answer.json()["code"] for answer in answers} == {"idempotency_key_missing"}


async def test_key_is_each_callers_own(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    body = booking_request(await traveller.offer(departing(owner)))
    other = new_traveller(client, owner)

    mine = await traveller.post("/v1/bookings", body, key="same")
    theirs = await other.post("/v1/bookings", body, key="same")

    assert mine.json()["id"] != theirs.json()["id"]


async def test_refusal_is_not_kept(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner, seats={"Y": 1})
    body = booking_request(await traveller.offer(departure))
    first = (await traveller.post("/v1/bookings", body)).json()
    refused = await traveller.post("/v1/bookings", body, key="again")
    assert (refused.status_code, refused.json()["code"]) == (409, "sold_out")

    await traveller.confirm(await traveller.quote(first))

    assert (await traveller.post("/v1/bookings", body, key="again")).status_code == 201


async def test_payment_is_repeated_with_what_became_of_it(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    path = f"/v1/bookings/{booking['id']}/payments"
    paid = await traveller.post(path, payment_request(), key="pay")

    again = await traveller.post(path, payment_request(), key="pay")

    assert again.json() == paid.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in paid.headers


async def test_confirmation_is_repeated_and_pays_back_once(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    await traveller.pay(booking)
    quote = await traveller.quote(booking)
    path = f"/v1/cancellations/{quote['id']}/confirm"

    first = await traveller.post(path, key="confirm")
    again = await traveller.post(path, key="confirm")

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_repeat_gives_the_names_that_are_still_in_the_vault(traveller: Traveller, owner: Owner) -> None:
    body = booking_request(await traveller.offer(departing(owner)))
    key = uuid7().hex
    first = (await traveller.post("/v1/bookings", body, key=key)).json()
    owner.execute(
        "delete from vault.people where subject_id in (select subject_id from app.passengers p "
        "join app.bookings b on b.id = p.booking_id where b.pnr = %s)",
        (first["pnr"],),
    )

    again = (await traveller.post("/v1/bookings", body, key=key)).json()

    assert first["passengers"][0]["given_name"] == "Ada"
    assert again["passengers"][0]["given_name"] is None
    assert again["id"] == first["id"]

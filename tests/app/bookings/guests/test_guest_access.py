"""Opening one booking by its locator and a name on it, and how often one may guess."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.guests import rules, service, store
from app.core import vault
from app.core.db import transaction
from app.core.ids import new_pnr
from tests.app.bookings.travellers import Traveller, booking_request, departing, scalar
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

_addresses = (f"198.51.{a}.{b}" for a in range(256) for b in range(1, 255))


async def knock(
    client: httpx2.AsyncClient, pnr: str, last_name: str, address: str | None = None
) -> httpx2.Response:
    """From an address of its own, unless told otherwise."""
    headers = {"x-forwarded-for": address or next(_addresses)}
    return await client.post("/v1/guest-access", json={"pnr": pnr, "last_name": last_name}, headers=headers)


async def booked(traveller: Traveller, owner: Owner, family_name: str = "Ferry") -> dict[str, Any]:
    offer = await traveller.offer(departing(owner))
    body = booking_request(offer)
    body["passengers"][0]["family_name"] = family_name
    answer = await traveller.post("/v1/bookings", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("family_name", "given"),
    [("Ferry", "FERRY"), ("O'Hara", "ohara"), ("Núñez de Alba", "nunez dealba"), ("王", "王"), ("X", "x")],
)
async def test_locator_and_a_name_on_it_open_that_booking(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner, family_name: str, given: str
) -> None:
    booking = await booked(traveller, owner, family_name)

    opened = await knock(client, booking["pnr"].lower(), given)
    token = {"authorization": f"Bearer {opened.json()['access_token']}"}
    seen = await client.get(f"/v1/bookings/{opened.json()['booking_id']}", headers=token)

    assert opened.status_code == 200, opened.text
    assert opened.json()["expires_in"] == 3600
    assert seen.json()["pnr"] == booking["pnr"]


async def test_wrong_name_and_unknown_locator_are_refused_alike(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await booked(traveller, owner)

    answers = [await knock(client, booking["pnr"], "Other"), await knock(client, new_pnr(), "Ferry")]

    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert bodies[0] == bodies[1]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "guest_refused")] * 2


async def test_locator_is_closed_after_five_wrong_names_even_to_the_right_one(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await booked(traveller, owner)
    for n in range(rules.GUESSES_A_LOCATOR):
        assert (await knock(client, booking["pnr"], f"Other{n}")).status_code == 401

    right = await knock(client, booking["pnr"], "Ferry")
    owner.execute(
        "update app.guest_attempts set window_ends_at = now() where key_hash = %s",
        (vault.lookups("guest_pnr", booking["pnr"])[0],),
    )
    later = await knock(client, booking["pnr"], "Ferry")

    assert (right.status_code, right.json()["code"]) == (429, "too_many_guesses")
    assert 0 < int(right.headers["retry-after"]) <= rules.WINDOW.total_seconds()
    assert later.status_code == 200


async def test_address_is_closed_after_thirty_wrong_guesses(client: httpx2.AsyncClient) -> None:
    address = "203.0.113.77"

    answers = [
        (await knock(client, new_pnr(), "Ferry", address)).status_code
        for _ in range(rules.GUESSES_AN_ADDRESS + 1)
    ]

    assert answers == [401] * rules.GUESSES_AN_ADDRESS + [429]
    assert (await knock(client, new_pnr(), "Ferry")).status_code == 401


async def test_right_names_are_not_counted(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await booked(traveller, owner)

    answers = [await knock(client, booking["pnr"], "Ferry") for _ in range(rules.GUESSES_A_LOCATOR * 2)]

    assert {answer.status_code for answer in answers} == {200}


async def guess_side_by_side(client: httpx2.AsyncClient, pnr: str) -> int:
    """How many of thirty guesses at once are looked at."""
    answers = await asyncio.gather(*(knock(client, pnr, f"Other{n}") for n in range(30)))
    return sum(answer.status_code == 401 for answer in answers)


async def test_guesses_side_by_side_are_bounded_too(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await booked(traveller, owner)

    assert await guess_side_by_side(client, booking["pnr"]) == rules.GUESSES_A_LOCATOR


async def test_counting_with_the_refusal_would_bound_nothing(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: counted in the transaction that the refusal rolls back, all are looked at."""
    booking = await booked(traveller, owner)

    @asynccontextmanager
    async def rolled_back() -> AsyncIterator[AsyncSession]:
        async with transaction() as session:
            yield session
            await session.rollback()

    monkeypatch.setattr(service, "transaction", rolled_back)

    assert await guess_side_by_side(client, booking["pnr"]) == 30


async def test_neither_locator_nor_address_is_kept_with_a_guess(
    client: httpx2.AsyncClient, owner: Owner
) -> None:
    pnr = new_pnr()
    await knock(client, pnr, "Ferry", "203.0.113.99")

    kept = scalar(owner, "select string_agg(to_jsonb(g)::text, '') from app.guest_attempts g")

    assert pnr.encode().hex() not in kept
    assert b"203.0.113.99".hex() not in kept


async def test_old_counts_are_swept(client: httpx2.AsyncClient, owner: Owner) -> None:
    await knock(client, new_pnr(), "Ferry")
    owner.execute("update app.guest_attempts set window_ends_at = now() - interval '2 days'")

    async with transaction() as session:
        swept = await store.delete_old(session, kept=rules.WINDOW, limit=10_000)

    assert swept > 0
    assert scalar(owner, "select count(*) from app.guest_attempts") == 0


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_name_opens_what_it_is_on_and_nothing_opens_without_names(name: str) -> None:
    assert rules.is_on_booking(name, [name])
    assert not rules.is_on_booking(name, [])


def test_signs_alone_are_no_key_to_every_name() -> None:
    assert not rules.is_on_booking("-", ["'"])
    assert not rules.is_on_booking("''", ["Ferry"])

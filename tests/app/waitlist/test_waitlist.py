"""Waiting for a full flight: who is served, for how long, and what happens to the seats."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest

from app.bookings import service as bookings
from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.ids import decode, encode, uuid7
from app.core.security import Role, mint_access_token
from app.waitlist import offering_service
from tests.app.bookings.travellers import (
    PEOPLE,
    Traveller,
    booking_request,
    counters,
    departing,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.crowds import answered
from tests.app.departures import Departure
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ONE = {"Y": 1}
FOUR = {"Y": 4}


@pytest.fixture(autouse=True)
def no_holds_of_others(core_database: TestDatabase) -> None:
    """What other tests left behind is none of this one's business."""
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update app.bookings set status = 'expired', expired_at = payment_required_by "
            "where status = 'held'"
        )


def joining(departure: Departure, types: tuple[str, ...] = ("adult",), **more: Any) -> dict[str, Any]:
    return {
        "flight_id": encode("flt", departure.flight_id),
        "passengers": [{"type": kind} | PEOPLE[kind] for kind in types],
        "contact": {"email": "ada.ferry@example.com"},
    } | more


async def join(
    traveller: Traveller, departure: Departure, types: tuple[str, ...] = ("adult",), **more: Any
) -> dict[str, Any]:
    answer = await traveller.post("/v1/waitlist", joining(departure, types, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def read(traveller: Traveller, entry: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/waitlist/{entry['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def leave(traveller: Traveller, entry: dict[str, Any]) -> httpx2.Response:
    return await traveller.client.delete(f"/v1/waitlist/{entry['id']}", headers=traveller.headers())


async def free(traveller: Traveller, booking: dict[str, Any]) -> None:
    answer = await traveller.confirm(await traveller.quote(booking))
    assert answer.status_code == 200, answer.text


async def serve(at: datetime | None = None) -> int:
    """What the chore does, by the wall clock or at another moment."""
    bind(RequestContext(virtual_now=at))
    try:
        return await offering_service.serve()
    finally:
        bind(RequestContext())


async def pay(traveller: Traveller, entry: dict[str, Any]) -> dict[str, Any]:
    return await traveller.pay({"id": entry["booking_id"]})


def told(owner: Owner, entry: dict[str, Any]) -> list[str]:
    rows = owner.execute(
        "select type from app.domain_events where entity_id = %s order by id", (decode("wtl", entry["id"]),)
    )
    return [str(row[0]) for row in rows]


async def test_seats_that_come_free_are_held_for_who_waits_and_converted_when_paid(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure, waiting = departing(owner, seats=ONE), new_traveller(client, owner)
    booking = await traveller.book(departure)
    entry = await join(waiting, departure)
    assert (entry["status"], entry["position"]) == ("waiting", 1)
    await serve()
    assert (await read(waiting, entry))["status"] == "waiting"

    await free(traveller, booking)
    await serve()

    offered = await read(waiting, entry)
    assert (offered["status"], offered["position"]) == ("offered", None)
    assert counters(owner, departure) == (1, 0)
    held = await waiting.read({"id": offered["booking_id"]})
    assert (held["status"], held["payment_required_by"]) == ("held", offered["offer_expires_at"])
    assert held["passengers"][0]["given_name"] == "Ada"
    assert (await pay(waiting, offered))["status"] == "captured"
    assert (await read(waiting, entry))["status"] == "converted"
    assert await serve() == 1
    assert counters(owner, departure) == (0, 1)
    assert told(owner, entry) == ["WaitlistJoined", "WaitlistOffered", "WaitlistConverted"]


async def test_offer_that_is_not_paid_lapses_at_its_time_and_goes_to_the_next(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner, seats=ONE)
    booking = await traveller.book(departure)
    first, second = new_traveller(client, owner), new_traveller(client, owner)
    slow, next_one = await join(first, departure), await join(second, departure)
    await free(traveller, booking)
    await serve()
    offered = await read(first, slow)

    after = datetime.fromisoformat(offered["offer_expires_at"]) + timedelta(seconds=1)
    assert (await read(first.at(after), slow))["status"] == "lapsed", "to every reader, swept up or not"
    async with transaction() as session:
        await bookings.expire_dead_holds(session, after)
    await serve(after)

    assert (await read(first, slow))["end_reason"] == "not_paid"
    assert (await read(second, next_one))["status"] == "offered"
    assert counters(owner, departure) == (1, 0)


async def test_priority_goes_before_time_and_a_small_party_past_a_large_one(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner, seats=FOUR)
    taken = [await traveller.book(departure, ("adult", "adult")) for _ in range(2)]
    people = [new_traveller(client, owner) for _ in range(3)]
    large = await join(people[0], departure, ("adult", "adult", "child"))
    plain = await join(people[1], departure, ("adult", "adult"))
    favoured = await join(people[2], departure, ("adult", "adult"))
    agent = {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.AGENT])}"}
    raised = await client.put(
        f"/v1/admin/waitlist/{favoured['id']}/priority", json={"priority": 5}, headers=agent
    )
    assert (raised.status_code, raised.json()["position"]) == (200, 1)
    queue = await client.get(
        f"/v1/admin/flights/{encode('flt', departure.flight_id)}/waitlist", headers=agent
    )
    assert [each["id"] for each in queue.json()["data"]] == [favoured["id"], large["id"], plain["id"]]

    await free(traveller, taken[0])
    await serve()
    waiting = zip(people, (large, plain, favoured), strict=True)
    assert [(await read(who, which))["status"] for who, which in waiting] == ["waiting", "waiting", "offered"]
    await free(traveller, taken[1])
    await serve()
    assert (await read(people[1], plain))["status"] == "offered"
    assert (await read(people[0], large))["position"] == 1


async def test_leaving_gives_the_offered_seats_to_the_next(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner, seats=ONE)
    booking = await traveller.book(departure)
    first, second = new_traveller(client, owner), new_traveller(client, owner)
    entry, next_one = await join(first, departure), await join(second, departure)
    await free(traveller, booking)
    await serve()

    left, again = await leave(first, entry), await leave(first, entry)
    await serve()

    assert (left.json()["status"], again.json()["status"]) == ("left", "left")
    assert (await read(second, next_one))["status"] == "offered"
    assert told(owner, entry) == ["WaitlistJoined", "WaitlistOffered", "WaitlistLeft"]
    assert (await first.read({"id": left.json()["booking_id"]}))["status"] == "cancelled"


async def test_converted_entry_cannot_be_left(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure, waiting = departing(owner, seats=ONE), new_traveller(client, owner)
    booking = await traveller.book(departure)
    entry = await join(waiting, departure)
    await free(traveller, booking)
    await serve()
    await pay(waiting, await read(waiting, entry))
    await serve()

    refused = await leave(waiting, entry)

    assert (refused.status_code, refused.json()["code"]) == (409, "waitlist_entry_ended")


async def test_nothing_dearer_is_offered_than_was_said(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure, waiting = departing(owner, seats=ONE), new_traveller(client, owner)
    booking = await traveller.book(departure)
    entry = await join(waiting, departure, max_total={"amount_minor": 100, "currency": "USD"})
    await free(traveller, booking)

    assert await serve() == 0
    assert (await read(waiting, entry))["status"] == "waiting"


async def test_who_still_waits_when_the_sale_closes_lapses(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure, waiting = departing(owner, seats=ONE), new_traveller(client, owner)
    await traveller.book(departure)
    entry = await join(waiting, departure)

    await serve(departure.departs_at - timedelta(minutes=60))

    ended = await read(waiting, entry)
    assert (ended["status"], ended["end_reason"]) == ("lapsed", "sale_closed")


async def test_refusals(traveller: Traveller, client: httpx2.AsyncClient, owner: Owner) -> None:
    empty, full = departing(owner, seats=ONE), departing(owner, seats=ONE)
    await traveller.book(full)
    waiting = new_traveller(client, owner)
    entry = await join(waiting, full)

    async def refused(answer: httpx2.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    assert await refused(await waiting.post("/v1/waitlist", joining(empty))) == (409, "seats_available")
    assert await refused(await waiting.post("/v1/waitlist", joining(full))) == (409, "already_waiting")
    lonely = joining(full, ("infant",))
    assert await refused(await traveller.post("/v1/waitlist", lonely)) == (422, "malformed_request")
    unknown = joining(full) | {"flight_id": encode("flt", uuid7())}
    assert await refused(await traveller.post("/v1/waitlist", unknown)) == (404, "flight_not_found")
    closed = traveller.at(full.departs_at - timedelta(minutes=30))
    assert await refused(await closed.post("/v1/waitlist", joining(full))) == (409, "flight_closed")
    assert await refused(await traveller.get(f"/v1/waitlist/{entry['id']}")) == (
        404,
        "waitlist_entry_not_found",
    )
    assert await refused(await leave(traveller, entry)) == (404, "waitlist_entry_not_found")


async def test_list_shows_ones_own_entries_in_pages(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    waiting = new_traveller(client, owner)
    entries = []
    for _ in range(3):
        departure = departing(owner, seats=ONE)
        await traveller.book(departure)
        entries.append(await join(waiting, departure))

    first = (await waiting.get("/v1/waitlist?limit=2")).json()
    rest = (await waiting.get(f"/v1/waitlist?limit=2&after={first['meta']['after']}")).json()

    assert [each["id"] for each in first["data"] + rest["data"]] == [each["id"] for each in entries[::-1]]


async def test_who_has_been_erased_is_offered_nothing(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure, waiting = departing(owner, seats=ONE), new_traveller(client, owner)
    booking = await traveller.book(departure)
    entry = await join(waiting, departure)
    owner.execute(
        "delete from vault.people where subject_id = "
        "(select contact_subject_id from app.waitlist_entries where id = %s)",
        (decode("wtl", entry["id"]),),
    )
    await free(traveller, booking)

    await serve()

    assert (await read(waiting, entry))["end_reason"] == "erased"
    assert counters(owner, departure) == (0, 0)


async def test_simulated_entry_is_offered_a_simulated_booking(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner, seats=ONE)
    past = departure.departs_at - timedelta(days=24)
    waiting = new_traveller(client, owner).at(past)
    booking = await traveller.at(past).book(departure)
    entry = await join(waiting, departure)
    await free(traveller.at(past), booking)

    await serve(past + timedelta(minutes=1))

    offered = await read(waiting, entry)
    kinds = scalar(
        owner,
        "select simulated and created_at = %s from app.bookings where id = %s",
        past + timedelta(minutes=1),
        decode("bkg", offered["booking_id"]),
    )
    assert kinds is True


async def test_one_freed_seat_goes_to_the_waitlist_or_to_a_buyer_and_never_to_both(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    """Chores and buyers at once, some rounds: whoever is first, one seat is held once."""
    departure, waiting = departing(owner, seats=ONE), new_traveller(client, owner)
    offer = await traveller.offer(departure)
    holder = await traveller.book(departure)
    entry = await join(waiting, departure)
    buyers = [new_traveller(client, owner) for _ in range(12)]

    for _ in range(3):
        await free(traveller, holder)
        results = await asyncio.gather(
            *(answered(lambda who=who: who.post("/v1/bookings", booking_request(offer))) for who in buyers),  # type: ignore[misc]
            *(serve() for _ in range(3)),
        )
        bought = [each for each in results if isinstance(each, httpx2.Response) and each.status_code == 201]
        served = (await read(waiting, entry))["status"] == "offered"
        assert len(bought) + served == 1
        assert counters(owner, departure) == (1, 0)
        if served:
            await leave(waiting, entry)
            entry = await join_full(traveller, waiting, departure, offer)
            holder = {"id": traveller_booking(owner, traveller)}
        else:
            winner = buyers[[each for each in results if isinstance(each, httpx2.Response)].index(bought[0])]
            await free(winner, bought[0].json())
            holder = dict((await traveller.post("/v1/bookings", booking_request(offer))).json())


async def join_full(
    traveller: Traveller, waiting: Traveller, departure: Departure, offer: dict[str, Any]
) -> dict[str, Any]:
    """The cabin taken again, and the traveller waiting again."""
    answer = await traveller.post("/v1/bookings", booking_request(offer))
    assert answer.status_code == 201, answer.text
    return await join(waiting, departure)


def traveller_booking(owner: Owner, traveller: Traveller) -> str:
    key = scalar(
        owner,
        "select id from app.bookings where user_id = %s and status = 'held' order by id desc limit 1",
        traveller.user_id,
    )
    return encode("bkg", key)


async def test_chores_at_once_offer_each_seat_once(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    departure = departing(owner, seats={"Y": 5})
    taken = await traveller.book(departure, ("adult",) * 5)
    people = [new_traveller(client, owner) for _ in range(12)]
    # One after the other: who asks at once has no order that could be counted on.
    entries = [await join(who, departure) for who in people]
    await free(traveller, taken)

    await asyncio.gather(*(serve() for _ in range(4)))

    statuses = [(await read(who, which))["status"] for who, which in zip(people, entries, strict=True)]
    assert statuses.count("offered") == 5
    assert counters(owner, departure) == (5, 0)
    order = sorted(range(12), key=lambda place: entries[place]["id"])
    assert [statuses[place] for place in order] == ["offered"] * 5 + ["waiting"] * 7

"""Who may open a booking: its owner, the guest of that booking, an agent; to others it does not exist."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from app.bookings.access import CHANGED_BY_AGENT
from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token, mint_guest_token, mint_service_token
from tests.app.bookings.travellers import (
    Traveller,
    booking_request,
    departing,
    key_of,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@dataclass(frozen=True)
class Bearer:
    client: httpx2.AsyncClient
    token: str

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {self.token}"})

    async def post(self, path: str, body: object = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": uuid7().hex}
        return await self.client.post(path, json=body, headers=headers, timeout=30)


def agent(client: httpx2.AsyncClient) -> Bearer:
    return Bearer(client, mint_access_token(uuid7(), uuid7(), [Role.AGENT]))


def stranger(client: httpx2.AsyncClient) -> Bearer:
    return Bearer(client, mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER, Role.ADMIN, Role.OPERATIONS]))


async def test_booking_of_another_does_not_exist(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    payment = await traveller.pay(booking)

    for path in (f"/v1/bookings/{booking['id']}", f"/v1/payments/{payment['id']}"):
        seen = await stranger(client).get(path)
        assert seen.status_code == 404
    quoted = await stranger(client).post(f"/v1/bookings/{booking['id']}/cancellations")
    assert (quoted.status_code, quoted.json()["code"]) == (404, "booking_not_found")


async def test_guest_reads_pays_and_cancels_the_one_booking(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    guest = Bearer(client, mint_guest_token(key_of(booking)))

    seen = await guest.get(f"/v1/bookings/{booking['id']}")
    paid = await guest.post(f"/v1/bookings/{booking['id']}/payments", payment_request())
    quote = await guest.post(f"/v1/bookings/{booking['id']}/cancellations")
    cancelled = await guest.post(f"/v1/cancellations/{quote.json()['id']}/confirm")

    assert seen.json()["pnr"] == booking["pnr"]
    assert (paid.status_code, paid.json()["status"]) == (201, "captured")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "confirmed")


async def test_guest_opens_nothing_else(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking, other = await traveller.book(departure), await traveller.book(departure)
    guest = Bearer(client, mint_guest_token(key_of(booking)))

    assert (await guest.get(f"/v1/bookings/{other['id']}")).status_code == 404
    assert (await guest.get("/v1/bookings")).status_code == 403
    assert (await guest.get("/v1/me")).status_code == 403
    offer = await traveller.offer(departure)
    assert (await guest.post("/v1/bookings", booking_request(offer))).status_code == 403


async def test_agent_opens_any_booking_and_acts_for_its_owner(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))

    paid = await agent(client).post(f"/v1/bookings/{booking['id']}/payments", payment_request())
    seen = await agent(client).get(f"/v1/bookings/{booking['id']}")

    assert paid.json()["status"] == "captured"
    assert seen.json()["status"] == "ticketed"
    assert (await traveller.read(booking))["status"] == "ticketed", "it stays the traveller's"


async def test_agents_changes_are_audited_and_the_owners_are_not(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.quote(booking)
    entries = "select count(*) from app.audit_entries where action = %s and entity_id = any(%s)"
    names = [str(key_of(booking)), booking["id"]]
    assert scalar(owner, entries, CHANGED_BY_AGENT, names) == 0

    await agent(client).get(f"/v1/bookings/{booking['id']}")
    assert scalar(owner, entries, CHANGED_BY_AGENT, names) == 0
    await agent(client).post(f"/v1/bookings/{booking['id']}/cancellations")
    assert scalar(owner, entries, CHANGED_BY_AGENT, names) == 1


async def test_what_an_agent_does_names_whom_it_was_done_for(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    """A service, an extra, a change and a split: an entry each, with who did it and for whom."""
    booking = await traveller.book(departing(owner), ("adult", "adult"), "Flex")
    await traveller.pay(booking)
    passenger, other = (each["id"] for each in booking["passengers"])
    segment = booking["slices"][0]["segments"][0]["id"]
    offer = await traveller.offer(departing(owner), ("adult", "adult"), "Flex")
    steps: dict[str, Any] = {
        "service-requests": {"passenger_id": passenger, "segment_id": segment, "code": "VGML"},
        "ancillaries": {"extras": [{"passenger_id": passenger, "code": "SNACK"}]},
        "changes": {"offer_id": offer["id"]},
        "split": {"passenger_ids": [other]},
    }
    desk = agent(client)

    answers = [await desk.post(f"/v1/bookings/{booking['id']}/{step}", body) for step, body in steps.items()]

    assert [answer.status_code for answer in answers] == [201] * 4, [answer.text for answer in answers]
    rows = owner.execute(
        "select actor_id::text, after ->> 'on_behalf_of' from app.audit_entries "
        "where action = %s and entity_id = any(%s)",
        (CHANGED_BY_AGENT, [str(key_of(booking)), booking["id"]]),
    ).fetchall()
    assert len(rows) == 4
    assert {row[1] for row in rows} == {encode("usr", traveller.user_id)}
    assert None not in {row[0] for row in rows}


async def test_agent_pays_back_anothers_money_only_after_a_second_factor(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    quote = await traveller.quote(booking)
    assert quote["refund_amount"]["amount_minor"] > 0
    path = f"/v1/cancellations/{quote['id']}/confirm"
    token = mint_access_token(uuid7(), uuid7(), [Role.AGENT], datetime.now(UTC))

    plain = await agent(client).post(path)
    stepped_up = await Bearer(client, token).post(path)

    assert (plain.status_code, plain.json()["code"]) == (403, "step_up_required")
    assert (stepped_up.status_code, stepped_up.json()["status"]) == (200, "confirmed")


async def test_program_of_ours_opens_no_booking(
    client: httpx2.AsyncClient, traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    program = Bearer(client, mint_service_token("robot", [Role.AGENT]))

    for path in (f"/v1/bookings/{booking['id']}", f"/v1/bookings/{encode('bkg', uuid7())}"):
        assert (await program.get(path)).status_code == 403

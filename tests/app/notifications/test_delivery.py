"""Mail that is really sent, to a real SMTP server: once, and after a crash again under the same id."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from aiosmtplib import SMTPConnectError

from app.core import vault
from app.core.config import get_settings
from app.core.db import transaction
from app.core.ids import uuid7
from app.notifications.delivery_service import Deliverer
from app.notifications.rules import MAX_ATTEMPTS
from tests.app.departures import make_departure
from tests.app.identity.accounts import events_of, letter_token, logged_in, registered, user_key
from tests.app.mail import Due, Sink, delivery, let_claim_lapse, mail_server, request
from tests.databases import TestDatabase, free_port

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

DELIVER = (
    "import asyncio; from app.notifications.delivery_service import Deliverer; "
    "asyncio.run(Deliverer().deliver_due())"
)
SUBPROCESS_LIMIT_SECONDS = 60


@pytest.fixture
def sink(core_settings: Path, application: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with mail_server() as server:
        monkeypatch.setattr(get_settings(), "smtp_port", server.port)
        yield server


@pytest.fixture
async def due(core_database: TestDatabase, sink: Sink) -> Due:
    address = f"{uuid7().hex}@example.com"
    subject_id = uuid7()
    async with transaction() as session:
        await vault.put_people(session, "contact", {subject_id: {"email": address, "given_name": "Ada"}})
    payload = {"pnr": "K7QW3Z", "total_minor": 123456, "currency": "USD", "flight_ids": []}
    return request(core_database, subject_id, address, "booking_confirmed", payload)


def start_deliverer(sink: Sink) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "CONTRAIL_SMTP_PORT": str(sink.port)}
    return subprocess.Popen([sys.executable, "-c", DELIVER], env=environment)


async def test_message_is_sent_once_with_the_request_as_its_id(
    sink: Sink, due: Due, core_database: TestDatabase
) -> None:
    deliverer = Deliverer()
    await deliverer.deliver_due()
    await deliverer.deliver_due()
    await Deliverer().deliver_due()

    (message,) = sink.sent_to(due.address)
    assert message["Message-ID"] == due.message_id
    assert message["Subject"] == "Your booking K7QW3Z is confirmed"
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "Dear Ada," in text.get_content()
    assert "$1,234.56" in text.get_content()
    assert "$1,234.56" in html.get_content()
    row = delivery(core_database, due)
    assert (row["status"], row["attempts"], row["message_id"]) == ("sent", 1, due.message_id)
    assert row["sent_at"] is not None


async def test_deliverers_side_by_side_send_each_message_once(
    sink: Sink, due: Due, core_database: TestDatabase
) -> None:
    await asyncio.gather(*(Deliverer().deliver_due() for _ in range(4)))

    assert len(sink.sent_to(due.address)) == 1


async def test_crash_between_sending_and_marking_sends_again_under_the_same_id(
    sink: Sink, due: Due, core_database: TestDatabase
) -> None:
    """The server kills the deliverer once it has the message: taken, and not yet marked."""
    process = start_deliverer(sink)

    def kill(recipient: str) -> None:
        if recipient == due.address and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(SUBPROCESS_LIMIT_SECONDS)

    sink.on_message = kill
    ended = await asyncio.to_thread(process.wait, SUBPROCESS_LIMIT_SECONDS)
    crashed = delivery(core_database, due)
    await Deliverer().deliver_due()
    sent_while_claimed = len(sink.sent_to(due.address))
    let_claim_lapse(core_database, due)
    await Deliverer().deliver_due()
    await Deliverer().deliver_due()

    assert ended == -signal.SIGKILL
    assert (crashed["status"], crashed["attempts"]) == ("claimed", 1)
    assert sent_while_claimed == 1
    assert [message["Message-ID"] for message in sink.sent_to(due.address)] == [due.message_id] * 2
    assert (delivery(core_database, due)["status"], delivery(core_database, due)["attempts"]) == ("sent", 2)


async def test_refused_message_is_tried_again_later_and_given_up_in_the_end(
    sink: Sink, due: Due, core_database: TestDatabase
) -> None:
    sink.answer = f"550 no mailbox {due.address} here"

    await Deliverer().deliver_due()
    first = delivery(core_database, due)
    for _ in range(MAX_ATTEMPTS):
        let_claim_lapse(core_database, due)
        await Deliverer().deliver_due()
    last = delivery(core_database, due)

    assert (first["status"], first["last_error"]) == ("claimed", "SMTPDataError 550")
    assert first["claimed_until"] > first["updated_at"]
    assert (last["status"], last["attempts"]) == ("failed", MAX_ATTEMPTS)
    assert due.address not in last["last_error"], "deliveries are captured and hold no address"
    assert sink.sent_to(due.address) == []


async def test_server_that_is_away_costs_no_attempt(
    due: Due, core_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "smtp_port", free_port())

    with pytest.raises(SMTPConnectError):
        await Deliverer().deliver_due()

    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        claimed = connection.execute(
            "select 1 from app.notification_deliveries where request_id = %s", [due.request_id]
        ).fetchall()
    assert claimed == []


async def test_erased_person_is_not_written_to(sink: Sink, core_database: TestDatabase) -> None:
    nobody = request(core_database, uuid7(), "", "hold_expired", {"pnr": "K7QW3Z", "flight_ids": []})

    await Deliverer().deliver_due()

    row = delivery(core_database, nobody)
    assert (row["status"], row["last_error"]) == ("failed", "the recipient is no longer known")


async def test_letter_that_cannot_be_written_does_not_hold_up_the_others(
    sink: Sink, core_database: TestDatabase
) -> None:
    address, subject_id = f"{uuid7().hex}@example.com", uuid7()
    async with transaction() as session:
        await vault.put_people(session, "contact", {subject_id: {"email": address}})
    unknown = request(core_database, subject_id, address, "no_such_template", {"pnr": "K7QW3Z"})
    lacking = request(core_database, subject_id, address, "booking_cancelled", {"pnr": "K7QW3Z"})
    good = request(
        core_database, subject_id, address, "booking_cancelled",
        {"pnr": "K7QW3Z", "penalty_minor": 7500, "refund_minor": 0, "currency": "USD"},
    )  # fmt: skip

    await Deliverer().deliver_due()

    assert delivery(core_database, unknown)["status"] == "failed"
    assert delivery(core_database, lacking)["status"] == "failed"
    assert delivery(core_database, good)["status"] == "sent"
    (message,) = sink.sent_to(address)
    body = message.get_body(("plain",))
    assert body is not None
    assert "$75.00" in body.get_content()
    assert "pay" not in body.get_content(), "nothing is paid back, so nothing is said of it"


async def test_letter_names_its_flights_in_local_time(sink: Sink, core_database: TestDatabase) -> None:
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as owner:
        departure = make_departure(owner)
    address, subject_id = f"{uuid7().hex}@example.com", uuid7()
    async with transaction() as session:
        await vault.put_people(
            session, "contact", {subject_id: {"email": address, "given_name": "<b>Zoë</b>"}}
        )
    payload = {"pnr": "K7QW3Z", "flight_ids": [str(departure.flight_id)]}
    request(core_database, subject_id, address, "hold_expired", payload)

    await Deliverer().deliver_due()

    (message,) = sink.sent_to(address)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "JFK to LAX, Sunday, 4 May 2031, 12:00 (America/New_York)" in text.get_content()
    assert "&lt;b&gt;Zoë&lt;/b&gt;" in html.get_content()


async def test_letter_carries_a_token_that_is_nowhere_else(
    sink: Sink, core_database: TestDatabase, client: httpx2.AsyncClient
) -> None:
    person = await registered(client)
    await client.post("/v1/auth/password-reset", json={"email": person["email"]})
    payload = next(row for kind, row in events_of(core_database, person) if kind == "PasswordResetRequested")
    asked = request(core_database, user_key(person), person["email"], "password_reset", payload)

    await Deliverer().deliver_due()

    (message,) = sink.sent_to(person["email"])
    text = message.get_body(("plain",))
    assert text is not None
    token = text.get_content().split("30 minutes:")[1].split()[0]
    body = {"token": token, "new_password": "another long and private sentence"}
    chosen = await client.post("/v1/auth/password-reset/confirm", json=body)
    assert chosen.status_code == 204
    assert token not in str(delivery(core_database, asked))


async def test_letter_whose_token_was_used_is_not_sent(
    sink: Sink, core_database: TestDatabase, client: httpx2.AsyncClient
) -> None:
    person = await registered(client)
    payload = next(row for kind, row in events_of(core_database, person) if "Verification" in kind)
    token = await letter_token(core_database, person, "EmailVerificationRequested")
    await client.post("/v1/auth/email-verification/confirm", json={"token": token})
    asked = request(core_database, user_key(person), person["email"], "email_verification", payload)

    await Deliverer().deliver_due()

    assert sink.sent_to(person["email"]) == []
    row = delivery(core_database, asked)
    assert (row["status"], row["last_error"]) == ("failed", "its token has ended or was used")


async def test_letter_about_a_new_address_goes_to_that_address(
    sink: Sink, core_database: TestDatabase, client: httpx2.AsyncClient
) -> None:
    person = await registered(client)
    new = f"new.{uuid7().hex}@example.com"
    headers = {"authorization": f"Bearer {(await logged_in(client, person))['access_token']}"}
    body = {"email": new, "password": person["password"]}
    await client.post("/v1/me/email", json=body, headers=headers)
    payload = next(row for kind, row in events_of(core_database, person) if kind == "EmailChangeRequested")
    request(core_database, user_key(person), new, "email_change", payload)

    await Deliverer().deliver_due()

    assert len(sink.sent_to(new)) == 1
    assert sink.sent_to(person["email"]) == []

"""Mail in tests: a real SMTP server that remembers, and requests as the notifications flow writes them."""

import email
import email.policy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import psycopg
from aiosmtpd.controller import Controller
from psycopg.rows import dict_row

from app.core.ids import uuid7
from tests.databases import HOST, TestDatabase, free_port


@dataclass
class Sink:
    """What the mail server took. `answer` is its reply to each message; `on_message` runs before it."""

    port: int
    messages: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answer: str = "250 taken"
    on_message: Callable[[str], None] = lambda recipient: None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if self.answer.startswith("250"):
            self.messages.append((envelope.rcpt_tos[0], message))
        self.on_message(envelope.rcpt_tos[0])
        return self.answer

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.messages if recipient == address]


@contextmanager
def mail_server() -> Iterator[Sink]:
    taken = Sink(free_port())
    server = Controller(taken, hostname=HOST, port=taken.port)
    server.start()
    try:
        yield taken
    finally:
        server.stop()


@dataclass(frozen=True)
class Due:
    request_id: UUID
    address: str

    @property
    def message_id(self) -> str:
        return f"<{self.request_id}@contrail.example>"


def request(
    database: TestDatabase, subject_id: UUID, address: str, template: str, payload: dict[str, Any]
) -> Due:
    """What the notifications flow writes, as the role it writes with."""
    request_id = uuid7()
    with psycopg.connect(database.conninfo("live_rw")) as connection:
        connection.execute(
            "insert into live.notification_requests (request_id, event_id, event_type, subject_id, channel, "
            "template, payload, occurred_at, source_ts) "
            "values (%s, %s, 'BookingConfirmed', %s, 'email', %s, %s, now(), now())",
            [request_id, uuid7(), subject_id, template, json.dumps(payload)],
        )
    return Due(request_id, address)


def delivery(database: TestDatabase, due: Due) -> dict[str, Any]:
    with psycopg.connect(database.conninfo("app_ro"), row_factory=dict_row) as connection:
        row = connection.execute(
            "select * from app.notification_deliveries where request_id = %s", [due.request_id]
        ).fetchone()
    assert row is not None
    return row


def let_claim_lapse(database: TestDatabase, due: Due) -> None:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update app.notification_deliveries set claimed_until = now() where request_id = %s",
            [due.request_id],
        )

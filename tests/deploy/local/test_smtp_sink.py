import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from deploy.local import probes
from deploy.local.settings import PROJECT_ROOT, StackSettings, free_ports
from tests.stack import wait_until


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[StackSettings]:
    settings = StackSettings.from_environment(free_ports(), tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local.smtp_sink"],
        cwd=PROJECT_ROOT,
        env=settings.environment(),
    )
    try:
        wait_until("the sink to greet", lambda: probes.smtp(settings), 20)
        yield settings
    finally:
        process.terminate()
        process.wait(10)


def letter(message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "bookings@contrail.example"
    message["To"] = "ada@example.org"
    message["Subject"] = "Buchung bestätigt"
    message["Message-ID"] = message_id
    message.set_content("Grüße")
    return message


def test_acknowledged_mail_is_on_disk(sink: StackSettings) -> None:
    with smtplib.SMTP(sink.host, sink.ports.smtp, timeout=5) as client:
        client.send_message(letter("<1@contrail.example>"))
        client.send_message(letter("<2@contrail.example>"))

    kept = sorted((sink.home / "mail/new").iterdir())
    mails = [BytesParser().parsebytes(path.read_bytes()) for path in kept]
    assert [mail["Message-ID"] for mail in mails] == ["<1@contrail.example>", "<2@contrail.example>"]
    assert {mail["Delivered-To"] for mail in mails} == {"ada@example.org"}
    assert list((sink.home / "mail/tmp").iterdir()) == []


def test_mail_that_cannot_be_kept_is_not_acknowledged(sink: StackSettings) -> None:
    for folder in ("new", "tmp"):
        (sink.home / "mail" / folder).rmdir()

    with (
        smtplib.SMTP(sink.host, sink.ports.smtp, timeout=5) as client,
        pytest.raises(smtplib.SMTPDataError) as refusal,
    ):
        client.send_message(letter("<3@contrail.example>"))

    assert refusal.value.smtp_code == 452

"""A mail server that keeps what it gets: every message accepted is a file in CONTRAIL_HOME/mail."""

import asyncio
import os
import signal
import socket
import time
import uuid
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_MESSAGE_BYTES = 10 * 1024 * 1024


class Maildir:
    """Takes mail in; a message is acknowledged only when it is on disk under its final name."""

    def __init__(self, folder: Path) -> None:
        self._unfinished = folder / "tmp"
        self._new = folder / "new"
        for part in (self._unfinished, self._new, folder / "cur"):
            part.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by the mail server with a whole message; the answer goes to the sender."""
        content = envelope.original_content or b""
        head = f"Return-Path: <{envelope.mail_from}>\r\n".encode()
        head += b"".join(f"Delivered-To: {recipient}\r\n".encode() for recipient in envelope.rcpt_tos)
        try:
            await asyncio.to_thread(self._keep, head + content)
        except OSError as error:
            return f"452 the message could not be kept: {error.strerror}"
        return "250 kept"

    def _keep(self, message: bytes) -> None:
        name = f"{time.time_ns()}.{uuid.uuid4().hex}.{socket.gethostname()}"
        unfinished = self._unfinished / name
        with unfinished.open("wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._new / name)
        folder = os.open(self._new, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def serve(folder: Path, host: str, port: int) -> None:
    """Accept mail until told to stop."""
    maildir = Maildir(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(maildir, data_size_limit=MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, ident="Contrail sink"),
        host,
        port,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        await stopped.wait()


def main() -> None:
    home = Path(os.environ.get("CONTRAIL_HOME") or ".contrail")
    host = os.environ.get("CONTRAIL_HOST") or "127.0.0.1"
    port = int(os.environ.get("CONTRAIL_SMTP_PORT") or 58025)
    asyncio.run(serve(home / "mail", host, port))


if __name__ == "__main__":
    main()

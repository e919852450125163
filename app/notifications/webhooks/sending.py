"""One attempt to hand a message over: the name looked up here, the connection made to what was looked at."""

import asyncio
import socket
import ssl
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

import httpx2

from app.notifications.webhooks import rules
from app.notifications.webhooks.errors import EndpointUnfit
from app.notifications.webhooks.schemas import Outcome

# Longer than a receiver should think before it answers; it is to take the message and work later.
ATTEMPT_LIMIT_SECONDS = 10
DEFAULT_PORTS = {"https": 443, "http": 80}


async def send(url: str, body: bytes, headers: dict[str, str], *, may_be_loopback: bool) -> Outcome:
    """POST once. A redirect is a failure, and of the answer only its status is read."""
    try:
        async with asyncio.timeout(ATTEMPT_LIMIT_SECONDS):
            parts = urlsplit(url)
            address = await _look_up(parts, may_be_loopback=may_be_loopback)
            return Outcome(await _post(parts, address, body, headers))
    except (httpx2.TransportError, OSError, TimeoutError, EndpointUnfit, ssl.SSLError) as error:
        # The kind alone: an error's words may hold what the receiver has said.
        return Outcome(None, type(error).__name__)


async def _look_up(parts: SplitResult, *, may_be_loopback: bool) -> str:
    """The address to connect to. All that the name leads to are looked at, so that none is a way in."""
    assert parts.hostname is not None
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    rules.ensure_public(addresses, may_be_loopback=may_be_loopback)
    return addresses[0]


async def _post(parts: SplitResult, address: str, body: bytes, headers: dict[str, str]) -> int:
    host = parts.netloc.rpartition("@")[2]
    pinned = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    target = parts._replace(netloc=f"{pinned}{port}").geturl()
    async with (
        httpx2.AsyncClient(verify=_tls(), follow_redirects=False, trust_env=False) as client,
        client.stream(
            "POST",
            target,
            content=body,
            headers=headers | {"host": host},
            # The certificate is that of the name, not of the address.
            extensions={"sni_hostname": parts.hostname},
        ) as answer,
    ):
        return answer.status_code


@lru_cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

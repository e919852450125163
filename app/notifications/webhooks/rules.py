"""How a webhook is written and signed, when it is tried again, and where it may be sent."""

import base64
import ipaddress
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from app.core.ids import encode
from app.notifications.webhooks.errors import EndpointUnfit
from app.notifications.webhooks.schemas import Message

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"
# A receiver has this long to learn a new secret; until then both sign.
SECRET_OVERLAP = timedelta(hours=24)
GIVE_UP_AFTER = timedelta(hours=72)
# After a failure: at once almost, then rarely. The last step repeats until GIVE_UP_AFTER.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def wait_after(attempts: int) -> timedelta:
    return WAITS[min(attempts, len(WAITS)) - 1]


def is_given_up(due_since: datetime, next_attempt_at: datetime) -> bool:
    return next_attempt_at - due_since > GIVE_UP_AFTER


def body_of(message: Message) -> bytes:
    """A thin payload: what happened to which booking. Who wants more reads it with a key of theirs."""
    data: dict[str, str] = {"event_id": encode("evt", message.event_id)}
    if message.booking_id is not None:
        data["booking_id"] = encode("bkg", message.booking_id)
    document = {
        "type": message.event_type,
        "timestamp": message.occurred_at.isoformat().replace("+00:00", "Z"),
        "data": data,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def headers_of(message: Message, body: bytes, now: datetime) -> dict[str, str]:
    """Standard Webhooks: the id is the event's, so that a receiver knows a repeat; one signature a secret."""
    message_id, text = encode("evt", message.event_id), body.decode()
    signatures = [Webhook(secret).sign(message_id, now, text) for secret in message.secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Contrail-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def ensure_fit(url: str, *, may_be_loopback: bool) -> None:
    """Refuse what can be refused without looking a name up. Raises EndpointUnfit."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise EndpointUnfit(
            "the address has no host, or carries a name, a password or a fragment", pointer="/url"
        )
    if parts.scheme != "https" and not may_be_loopback:
        raise EndpointUnfit("it has to be https", pointer="/url")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    ensure_public([str(address)], may_be_loopback=may_be_loopback)


def ensure_public(addresses: Sequence[str], *, may_be_loopback: bool) -> None:
    """Every address a name leads to is one of the public internet. Raises EndpointUnfit."""
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if may_be_loopback and mapped.is_loopback:
            continue
        if not mapped.is_global or mapped.is_multicast:
            raise EndpointUnfit("the host is not one of the public internet", pointer="/url")

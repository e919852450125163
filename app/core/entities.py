"""Who acts, as the streams may know it: keyed hashes of card, e-mail, device and address."""

from dataclasses import dataclass, field
from uuid import UUID

from app.core.context import current
from app.core.hashes import keyed_hash, network_of, normalise_email, prior_hashes

# The kinds by which events are counted. A phone number is kept beside a booking but never counted.
EVENT_KINDS = ("account", "email", "device", "ip", "ip24", "card")


@dataclass(frozen=True)
class Entities:
    """The known entities behind one request; `older` holds the same under keys that are retiring."""

    account: UUID | None = None
    email: str | None = None
    phone: str | None = None
    device: str | None = None
    ip: str | None = None
    ip24: str | None = None
    card: str | None = None
    older: dict[str, list[str]] = field(default_factory=dict)

    def as_payload(self) -> dict[str, str]:
        """What an event carries: kind -> key, of those that are known."""
        return {kind: str(key) for kind in EVENT_KINDS if (key := getattr(self, kind)) is not None}

    def prior(self) -> dict[str, list[str]] | None:
        """The same entities under older keys that are still alive; None when there is only one key."""
        return self.older or None

    def keys(self) -> list[tuple[str, str]]:
        """Every (kind, key) these entities may be known by, under the present and the older keys."""
        older = [(kind, key) for kind in EVENT_KINDS for key in self.older.get(kind, [])]
        return [*self.as_payload().items(), *older]


def entities(
    *,
    user_id: UUID | None,
    email: str | None,
    phone: str | None = None,
    card_fingerprint: str | None = None,
) -> Entities:
    """Hash what is known of who acts; address and device are those of the request being served."""
    context = current()
    values = {
        "email": normalise_email(email) if email else None,
        "phone": phone,
        "device": context.device_id,
        "ip": context.ip,
        "ip24": network_of(context.ip) if context.ip else None,
        "card": card_fingerprint,
    }
    known = {kind: value for kind, value in values.items() if value}
    older = {kind: hashes for kind, value in known.items() if (hashes := prior_hashes(kind, value))}
    return Entities(
        account=user_id, older=older, **{kind: keyed_hash(kind, value) for kind, value in known.items()}
    )

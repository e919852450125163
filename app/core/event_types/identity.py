"""What identity tells."""

from uuid import UUID

from pydantic import Field

from app.core.event_types.kind import Entities, Payload, Reader, event


@event("identity", "user")
class UserRegistered(Payload):
    """Somebody made an account."""

    entities: Entities


@event("identity", "user", Reader.NOTIFICATIONS)
class PasswordResetRequested(Payload):
    """Somebody who knows the address asks for a letter to choose a new password."""

    mail_token_id: UUID = Field(description="Of what the letter's token is made; worth nothing by itself")


@event("identity", "user", Reader.NOTIFICATIONS)
class EmailVerificationRequested(Payload):
    """A letter is to prove that the address is the user's own."""

    mail_token_id: UUID = Field(description="Of what the letter's token is made; worth nothing by itself")


@event("identity", "user", Reader.NOTIFICATIONS)
class EmailChangeRequested(Payload):
    """A letter is to prove a new address before it is the user's own."""

    mail_token_id: UUID = Field(description="Of what the letter's token is made; worth nothing by itself")


@event("identity", "user")
class EmailChanged(Payload):
    """A user has another address; which, the vault alone knows."""


@event("identity", "user")
class EmailVerified(Payload):
    """A letter to the address was answered."""


@event("identity", "user", Reader.NOTIFICATIONS)
class PasswordChanged(Payload):
    """A new password was chosen, and every session ended."""


@event("identity", "user")
class UserChanged(Payload):
    """A user changed what is known of them. What it was and is, the vault alone knows."""

    fields: list[str] = Field(examples=[["family_name"]])


@event("identity", "user")
class ConsentGiven(Payload):
    """A user agreed to a purpose."""

    purpose: str = Field(examples=["marketing"])


@event("identity", "user")
class ConsentWithdrawn(Payload):
    """A user agrees to a purpose no more."""

    purpose: str = Field(examples=["marketing"])


@event("identity", "user")
class RolesChanged(Payload):
    """An admin gave or took roles."""

    before: list[str]
    after: list[str]


@event("identity", "user")
class UserLocked(Payload):
    """An admin locked an account: no log-in, no refresh and no API key of it works."""


@event("identity", "user")
class UserUnlocked(Payload):
    """An admin unlocked an account."""


@event("identity", "user")
class UserErased(Payload):
    """A person was forgotten: what the vault knew of them cannot be opened any more."""

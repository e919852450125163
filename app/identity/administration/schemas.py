"""What admins send and get."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.core.http import Schema
from app.core.ids import UserId
from app.core.people import EmailAddress
from app.core.security import Role


class UserStatus(StrEnum):
    ACTIVE = "active"
    LOCKED = "locked"
    ERASED = "erased"


class ManagedUser(Schema):
    """A user as an admin sees them; who was erased has no name and no address."""

    id: UserId
    status: UserStatus
    email: str | None = Field(examples=["ada.lovelace@example.com"])
    given_name: str | None
    family_name: str | None
    roles: list[Role]
    email_verified: bool
    has_second_factor: bool
    created_at: datetime


class UserSearch(Schema):
    """In a body, because an address has no place in a URL."""

    email: EmailAddress


class RolesChange(Schema):
    """All the roles the user is to have."""

    roles: Annotated[list[Role], Field(max_length=len(Role), examples=[["customer", "agent"]])]
    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["joins the desk in Lisbon"])]


class LockChange(Schema):
    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["the account was taken over"])]


ScopeText = Annotated[str, Field(pattern=r"^[a-z_\-]{1,40}:(read|write)$", examples=["flights:read"])]


class ServiceTokenRequest(Schema):
    subject: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z0-9_\-]{2,60}$", examples=["fraud-desk-export"], description="The program"),
    ]
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role), examples=[["analyst"]])]
    scopes: Annotated[list[ScopeText], Field(max_length=50)] = Field(
        default_factory=list, description="None: all that the roles may"
    )


class ServiceToken(Schema):
    """Shown once. It cannot be taken back, only left to end."""

    access_token: str
    expires_in: int = Field(description="Seconds until the token ends", examples=[43200])

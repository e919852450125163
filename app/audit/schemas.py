"""What the audit log is asked, and what it answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from app.core.http import Schema
from app.core.ids import AuditEntryId, UserId


class Kind(StrEnum):
    """A change that somebody made, or something the security of the service turns on."""

    CHANGE = "change"
    SECURITY = "security"


class ActorKind(StrEnum):
    USER = "user"
    GUEST = "guest"
    API_KEY = "api_key"
    SERVICE = "service"
    SYSTEM = "system"
    UNKNOWN = "unknown"


ActionName = Annotated[
    str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$", max_length=100, examples=["setting.changed"])
]


class Actor(Schema):
    """Who acted, never by name: a user by id, a key, a guest or a program by `name`."""

    kind: ActorKind
    user_id: UserId | None
    name: str | None = Field(examples=[None], description="key_..., bkg_... of a guest, or a program")
    roles: list[str] = Field(examples=[["admin"]], description="What the actor was then")


class AuditEntry(Schema):
    id: AuditEntryId
    kind: Kind
    action: ActionName
    entity_type: str = Field(examples=["setting"])
    entity_id: str | None = Field(examples=["bookings.checkout_hold"])
    actor: Actor
    before: dict[str, Any] | None = Field(examples=[{"value": "PT15M"}])
    after: dict[str, Any] | None = Field(examples=[{"value": "PT20M"}])
    reason: str | None
    request_id: str
    ip_hash: str | None = Field(description="Keyed hash of the address; the same one the fraud rules know")
    occurred_at: datetime = Field(description="By business time")
    recorded_at: datetime = Field(description="By the database's clock")
    simulated: bool


class ChainLink(Schema):
    """The entry's place in the chain that seals the log."""

    position: int
    digest: str
    sealed_at: datetime


class AuditEntryDetail(AuditEntry):
    sealed: ChainLink | None = Field(description="Null for the few seconds until it is sealed")


class ChainReport(Schema):
    """Whether the log is what it was: every digest computed again over what is stored now."""

    ok: bool
    links_checked: int
    anchors_checked: int = Field(description="Heads of the chain that had left the database as events")
    unsealed: int = Field(description="Entries younger than the chain; they are sealed within seconds")
    head_position: int
    head_digest: str | None
    problem: str | None = Field(description="The first thing that is wrong")


class ActionCount(Schema):
    action: str
    kind: Kind
    count: int
    actors: int = Field(description="How many different users did it")


class RoleHolders(Schema):
    role: str
    count: int
    users: list[UserId] = Field(description="Those who hold it; of customers only the number is told")


class ComplianceReport(Schema):
    """What an auditor asks of a period. `begins` is inside of it, `ends` is not."""

    begins: datetime
    ends: datetime
    made_at: datetime
    entries: int
    log_ins: int
    failed_log_ins: int
    lock_outs: int
    denials: int
    tokens_reused: int
    erasures: int
    actions: list[ActionCount]
    roles: list[RoleHolders]
    role_changes: list[AuditEntry]
    setting_changes: list[AuditEntry]
    is_shortened: bool = Field(description="Whether there were more changes than are listed")
    chain: ChainReport


class ReportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"

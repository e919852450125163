"""What a setting and a flag are to the API, and the rules by which a flag is turned for somebody."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from app.core.http import Schema
from app.core.ids import UserId
from app.core.security import Role

MAX_RULES = 50
MAX_USERS = 200
MAX_VARIANTS = 20
MAX_VARIANT_BYTES = 4_000


class Kind(StrEnum):
    SETTING = "setting"
    FLAG = "flag"


class Scope(StrEnum):
    """Where a value holds. What is said for one environment counts before what is said for all."""

    ALL = "all"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


Key = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$",
        min_length=1,
        max_length=100,
        examples=["bookings.checkout_hold"],
    ),
]
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9_\-]{1,40}$", examples=["on"])]
Reason = Annotated[
    str,
    Field(
        min_length=3,
        max_length=500,
        description="Why, for whoever reads the audit log. Name no person here",
        examples=["summer traffic needs a shorter hold"],
    ),
]


class FlagRule(Schema):
    """Serves `serve` to whom all of its conditions fit; a condition that is left out fits everybody."""

    users: list[UserId] | None = Field(default=None, min_length=1, max_length=MAX_USERS)
    roles: list[Role] | None = Field(default=None, min_length=1)
    percentage: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="This share of all users, always the same ones; raising it keeps those who are in",
        examples=[10],
    )
    serve: VariantName


class FlagState(Schema):
    """The first rule that fits decides; without one, `serve`. A flag that is not enabled serves `off`."""

    enabled: bool = True
    variants: dict[VariantName, JsonValue] = Field(
        default={"on": True, "off": False}, min_length=1, max_length=MAX_VARIANTS
    )
    serve: VariantName = "on"
    off: VariantName = "off"
    rules: list[FlagRule] = Field(default=[], max_length=MAX_RULES)

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        named = {self.serve, self.off, *(rule.serve for rule in self.rules)}
        if unknown := named - set(self.variants):
            raise ValueError(f"there is no variant {', '.join(sorted(unknown))}")
        if len({_kind(value) for value in self.variants.values()}) > 1:
            raise ValueError("all variants of a flag are of one type")
        return self


def _kind(value: Any) -> str:
    return "object" if isinstance(value, dict | list) else type(value).__name__


class VersionEntry(Schema):
    """One change: from `effective_from` on, `value` holds in `environment`. Null: the default again."""

    version: int
    environment: Scope
    value: JsonValue
    effective_from: datetime
    reason: str
    made_by: UserId | None
    made_at: datetime


class Setting(Schema):
    """What a setting says now, where that comes from, and what its value may be."""

    key: Key
    title: str
    value: JsonValue = Field(examples=["PT15M"])
    default: JsonValue = Field(examples=["PT15M"])
    said_for: Scope | None = Field(description="Null while the default holds")
    effective_from: datetime | None
    version: int = Field(description="How often it was changed; the ETag of If-Match")
    planned: list[VersionEntry] = Field(description="Changes that take effect later")
    value_schema: dict[str, JsonValue] = Field(description="The JSON Schema of its value")


class SettingDetail(Setting):
    history: list[VersionEntry]


class SettingList(Schema):
    environment: Scope
    as_of: datetime
    data: list[Setting]


class SettingChange(Schema):
    value: JsonValue = Field(examples=["PT20M"], description="Null returns to the default")
    environment: Scope = Scope.ALL
    effective_from: AwareDatetime | None = Field(
        default=None, description="When it takes effect; now when left out", examples=["2026-12-01T00:00:00Z"]
    )
    reason: Reason


class Flag(Schema):
    key: Key
    title: str | None = Field(description="What the code says of it; null for a flag the code does not ask")
    default: bool | None
    state: FlagState | None = Field(description="Null while nothing was said and the default holds")
    said_for: Scope | None
    effective_from: datetime | None
    version: int
    planned: list[VersionEntry]


class FlagDetail(Flag):
    history: list[VersionEntry]


class FlagList(Schema):
    environment: Scope
    as_of: datetime
    data: list[Flag]


class FlagChange(Schema):
    state: FlagState | None = Field(description="Null returns to the default, or removes a flag without one")
    environment: Scope = Scope.ALL
    effective_from: AwareDatetime | None = None
    reason: Reason


class FlagCreate(FlagChange):
    key: Key


class FlagQuestion(Schema):
    """For whom a flag is asked: by user, by roles, or for nobody known."""

    user_id: UserId | None = None
    roles: list[Role] = Field(default=[])


class FlagAnswer(Schema):
    key: Key
    value: JsonValue
    variant: str | None
    reason: str = Field(examples=["TARGETING_MATCH"], description="In the words of OpenFeature")

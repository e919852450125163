"""What revenue management reads of a cabin, and what it may set."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.core.http import Schema
from app.core.ids import FlightId
from app.flights.schemas import Cabin, Moment
from app.reference.schemas import AirportCode

# One lock of so many rows still ends well within a statement's time.
MAX_CABINS_AT_ONCE = 500
_CARD_OR_ADDRESS = re.compile(r"(?:\d[ -]?){12,}|@")

FareClass = Annotated[str, Field(pattern="^[A-Z]$", examples=["M"])]
Limit = Annotated[int, Field(ge=0, le=10_000)]


def _is_no_ones(reason: str) -> str:
    if _CARD_OR_ADDRESS.search(reason):
        raise ValueError("a reason holds no card number and no address")
    return reason.strip()


Reason = Annotated[
    str,
    Field(min_length=3, max_length=200, examples=["group arrived; demand forecast raised"]),
    AfterValidator(_is_no_ones),
]


class ClassInventory(Schema):
    fare_class: FareClass
    limit: int = Field(description="How many this class and all cheaper ones may sell together")
    held: int
    sold: int
    open: int = Field(description="What the class can still sell, under its own and every dearer limit")


class CabinInventoryView(Schema):
    """One cabin's controls and counters. Held includes what is dead and not yet swept up."""

    cabin: Cabin
    capacity: int = Field(examples=[138])
    authorised: int = Field(description="What may be sold; beyond capacity is overbooking", examples=[145])
    overbooking_factor: Decimal = Field(description="authorised / capacity", examples=["1.051"])
    held: int
    sold: int
    classes: list[ClassInventory] = Field(description="From the dearest down")
    version: int = Field(description="Of the controls; a sale does not change it")
    updated_at: Moment


class FlightInventory(Schema):
    """A flight's cabins. `version` grows with every change of any cabin's controls; it is the ETag."""

    flight_id: FlightId
    version: int
    cabins: list[CabinInventoryView]


class Controls(Schema):
    """What to set. Without limits the dearest class gets all that is authorised, and none more than that."""

    authorised: int | None = Field(default=None, ge=0, le=10_000)
    overbooking_factor: Decimal | None = Field(
        default=None,
        gt=0,
        le=2,
        decimal_places=3,
        description="authorised = capacity times this, rounded down",
    )
    limits: dict[FareClass, Limit] | None = Field(
        default=None,
        description="Of every class; each at most the dearer one's",
        examples=[{"Y": 145, "B": 120}],
    )

    @model_validator(mode="after")
    def _sets_something_once(self) -> Self:
        if self.authorised is not None and self.overbooking_factor is not None:
            raise ValueError("authorised and overbooking_factor say the same thing: name one")
        if self.authorised is None and self.overbooking_factor is None and self.limits is None:
            raise ValueError("name authorised, overbooking_factor or limits")
        return self


class CabinControls(Controls):
    cabin: Cabin


class ControlsUpdate(Schema):
    cabins: list[CabinControls] = Field(min_length=1, max_length=4)
    reason: Reason

    @model_validator(mode="after")
    def _names_each_cabin_once(self) -> Self:
        if len({each.cabin for each in self.cabins}) < len(self.cabins):
            raise ValueError("a cabin is named twice")
        return self


class ControlsItem(CabinControls):
    flight_id: FlightId
    version: int = Field(description="The version this was decided on", ge=1)


class ControlsBatch(Schema):
    """Controls of many cabins, each on the version it was decided on."""

    items: list[ControlsItem] = Field(min_length=1, max_length=MAX_CABINS_AT_ONCE)
    reason: Reason

    @model_validator(mode="after")
    def _names_each_cabin_once(self) -> Self:
        if len({(each.flight_id, each.cabin) for each in self.items}) < len(self.items):
            raise ValueError("a cabin of a flight is named twice")
        return self


class ItemOutcome(StrEnum):
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class ItemResult(Schema):
    flight_id: FlightId
    cabin: Cabin
    outcome: ItemOutcome
    version: int | None = Field(description="As it is now; null where the cabin is unknown")
    code: str | None = Field(default=None, description="Why it was refused", examples=["controls_below_sold"])
    detail: str | None = None


class BatchResult(Schema):
    """What became of each cabin, in the order given. One that is refused holds up no other."""

    applied: int
    results: list[ItemResult]


class FlightFilter(Schema):
    """Flights of one route between two local days of departure, both included."""

    origin: AirportCode
    destination: AirportCode
    departs_from: date
    departs_to: date
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] | None = Field(
        default=None, min_length=1, max_length=7, description="ISO: Monday is 1; all when left out"
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.departs_to < self.departs_from:
            raise ValueError("departs_to is before departs_from")
        return self


class FilteredControls(Schema):
    """One rule for a cabin of many flights. Shares are of what is authorised, rounded down."""

    filter: FlightFilter
    cabin: Cabin
    overbooking_factor: Decimal | None = Field(default=None, gt=0, le=2, decimal_places=3)
    limit_shares: dict[FareClass, Annotated[Decimal, Field(ge=0, le=1)]] | None = Field(
        default=None, examples=[{"Y": "1", "B": "0.9", "M": "0.8"}]
    )
    reason: Reason
    dry_run: bool = Field(default=False, description="Say what would become of each, and change nothing")
    after: str | None = Field(
        default=None, max_length=200, description="Where the call before this one ended"
    )

    @model_validator(mode="after")
    def _sets_something(self) -> Self:
        if self.overbooking_factor is None and self.limit_shares is None:
            raise ValueError("name overbooking_factor or limit_shares")
        return self


class FilteredResult(BatchResult):
    after: str | None = Field(description="Call again with it for the flights that are left; null at the end")


class ControlChange(Schema):
    """Who changed the controls of a cabin, when, why, and from what to what."""

    version: int = Field(description="What the change made it")
    cabin: Cabin
    capacity_before: int
    capacity_after: int
    authorised_before: int
    authorised_after: int
    limits_before: dict[str, int]
    limits_after: dict[str, int]
    reason: str
    changed_by: str = Field(description="A user's id, or the name of a program of ours")
    changed_at: datetime
    request_id: str


@dataclass(frozen=True, slots=True)
class CabinState:
    """A cabin as it is locked, with its classes from the dearest down."""

    id: UUID
    flight_id: UUID
    cabin: str
    capacity: int
    authorised: int
    classes: list[str]
    limits: list[int]
    held: list[int]
    sold: list[int]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewControls:
    authorised: int
    limits: list[int]

"""What the sandbox gateway is asked."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,100}$")]
Amount = Annotated[int, Field(gt=0, le=10**12)]


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChargeOrder(Order):
    """With `capture` false the money is only set aside, until it is captured or voided."""

    key: Key
    amount_minor: Amount
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    token: Annotated[str, Field(max_length=100)]
    capture: bool = True
    return_url: Annotated[str, Field(max_length=500)] | None = None


class CaptureOrder(Order):
    amount_minor: Amount


class RefundOrder(Order):
    key: Key
    charge_key: Key
    amount_minor: Amount


class ChallengeAnswer(Order):
    approve: bool


class DisputeClosing(Order):
    outcome: Literal["won", "lost"]

"""Money in integer minor units of one currency."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]


class Money(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: int = Field(examples=[12345])
    currency: CurrencyCode

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(amount_minor=self.amount_minor + other.amount_minor, currency=self.currency)


def share_out(total_minor: int, parts: int) -> list[int]:
    """Split an amount into whole minor units that add up to it again; the first parts carry the remainder."""
    each, remainder = divmod(total_minor, parts)
    return [each + (1 if index < remainder else 0) for index in range(parts)]

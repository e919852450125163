"""What controls a cabin may have: limits nest, cover what is sold and held, and overbook only so far."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from app.inventory.controls.errors import ControlsBelowSold, ControlsMalformed, OverbookingTooHigh
from app.inventory.controls.schemas import CabinState, Controls, NewControls


def authorised_for(capacity: int, factor: Decimal) -> int:
    """capacity times factor, rounded down: half a seat cannot be denied to anybody."""
    return int((capacity * factor).to_integral_value(ROUND_FLOOR))


def limits_of_shares(
    classes: Sequence[str], shares: Mapping[str, Decimal], authorised: int
) -> dict[str, int]:
    return {name: authorised_for(authorised, shares[name]) for name in classes if name in shares}


def decide(cabin: CabinState, asked: Controls, most_overbooking: Decimal) -> NewControls:
    """The controls a cabin would have. Raises ControlsMalformed, OverbookingTooHigh, ControlsBelowSold."""
    authorised = _authorised(cabin, asked)
    most = max(authorised_for(cabin.capacity, most_overbooking), cabin.authorised)
    if authorised > most:
        raise OverbookingTooHigh(f"{authorised} asked, {most} is the most for {cabin.capacity} seats")
    limits = _limits(cabin, asked, authorised)
    _ensure_nested(cabin.classes, limits, authorised)
    _ensure_covers(cabin, limits)
    return NewControls(authorised, limits)


def fitted(cabin: CabinState, capacity: int) -> NewControls:
    """The controls of a cabin whose aircraft has `capacity` seats from now on: the same overbooking and
    shares, but never below what is sold and held."""
    factor = Decimal(cabin.authorised) / cabin.capacity
    authorised = authorised_for(capacity, factor)
    used = _used_here_and_below(cabin)
    limits: list[int] = []
    for limit, least in zip(cabin.limits, used, strict=True):
        share = limit * authorised // cabin.authorised if cabin.authorised else 0
        limits.append(max(share, least))
    limits[0] = max(authorised, used[0], *limits)
    for place in range(1, len(limits)):
        limits[place] = min(limits[place], limits[place - 1])
    return NewControls(limits[0], limits)


def _authorised(cabin: CabinState, asked: Controls) -> int:
    if asked.overbooking_factor is not None:
        return authorised_for(cabin.capacity, asked.overbooking_factor)
    if asked.authorised is not None:
        return asked.authorised
    dearest = (asked.limits or {}).get(cabin.classes[0])
    return cabin.authorised if dearest is None else dearest


def _limits(cabin: CabinState, asked: Controls, authorised: int) -> list[int]:
    if asked.limits is None:
        return [authorised, *(min(limit, authorised) for limit in cabin.limits[1:])]
    if set(asked.limits) != set(cabin.classes):
        raise ControlsMalformed(
            f"the classes of this cabin are {', '.join(cabin.classes)}", pointer="/limits"
        )
    return [asked.limits[name] for name in cabin.classes]


def _ensure_nested(classes: Sequence[str], limits: Sequence[int], authorised: int) -> None:
    if limits[0] != authorised:
        raise ControlsMalformed(
            f"{classes[0]} may sell all {authorised} that are authorised", pointer="/limits"
        )
    for place in range(1, len(limits)):
        if limits[place] > limits[place - 1]:
            raise ControlsMalformed(
                f"{classes[place]} may sell no more than {classes[place - 1]}", pointer="/limits"
            )


def _ensure_covers(cabin: CabinState, limits: Sequence[int]) -> None:
    for name, used, limit in zip(cabin.classes, _used_here_and_below(cabin), limits, strict=True):
        if used > limit:
            raise ControlsBelowSold(
                f"{used} are sold and held in {name} and below, the limit would be {limit}"
            )


def _used_here_and_below(cabin: CabinState) -> list[int]:
    used, total = [], 0
    for held, sold in zip(reversed(cabin.held), reversed(cabin.sold), strict=True):
        total += held + sold
        used.append(total)
    return used[::-1]

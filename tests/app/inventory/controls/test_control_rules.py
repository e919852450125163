"""Whatever controls are granted nest, cover what is sold and held, and are the ones asked for."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.errors import DomainError
from app.core.ids import uuid7
from app.inventory.controls import rules
from app.inventory.controls.errors import ControlsBelowSold, ControlsMalformed, OverbookingTooHigh
from app.inventory.controls.schemas import CabinState, Controls
from app.inventory.rules import seats_open

MOST = Decimal("1.25")
CLASSES = ["Y", "M", "K"]


def cabin(
    *, limits: list[int], sold: list[int] | None = None, held: list[int] | None = None, capacity: int = 100
) -> CabinState:
    nothing = [0] * len(limits)
    return CabinState(
        id=uuid7(),
        flight_id=uuid7(),
        cabin="economy",
        capacity=capacity,
        authorised=limits[0],
        classes=CLASSES[: len(limits)],
        limits=limits,
        held=held or nothing,
        sold=sold or nothing,
        version=1,
        updated_at=datetime(2031, 5, 4, tzinfo=UTC),
    )


@st.composite
def sound_cabins(draw: st.DrawFn) -> CabinState:
    limits = sorted(draw(st.lists(st.integers(0, 200), min_size=3, max_size=3)), reverse=True)
    sold = [draw(st.integers(0, 30)) for _ in limits]
    held = [draw(st.integers(0, 5)) for _ in limits]
    assume(min(seats_open(limits, held, sold)) >= 0)
    return cabin(limits=limits, sold=sold, held=held, capacity=draw(st.integers(1, 200)))


def is_sound(limits: list[int], like: CabinState) -> bool:
    nested = limits == sorted(limits, reverse=True)
    return nested and min(seats_open(limits, like.held, like.sold)) >= 0


@given(sound_cabins(), st.integers(0, 250), st.lists(st.integers(0, 250), min_size=3, max_size=3))
def test_what_is_granted_is_sound_and_what_was_asked(
    present: CabinState, authorised: int, limits: list[int]
) -> None:
    asked = Controls(authorised=authorised, limits=dict(zip(CLASSES, limits, strict=True)))
    try:
        granted = rules.decide(present, asked, MOST)
    except DomainError:
        return

    assert (granted.authorised, granted.limits) == (authorised, limits)
    assert granted.limits[0] == granted.authorised
    assert is_sound(granted.limits, present)


@given(sound_cabins(), st.integers(1, 300))
def test_another_aircraft_never_undoes_a_sale(present: CabinState, capacity: int) -> None:
    fitted = rules.fitted(present, capacity)

    assert fitted.limits[0] == fitted.authorised
    assert is_sound(fitted.limits, present)


def test_half_a_seat_is_not_authorised() -> None:
    assert rules.authorised_for(138, Decimal("1.05")) == 144
    assert rules.authorised_for(10, Decimal("0.999")) == 9


def test_a_factor_alone_moves_the_dearest_class_and_cuts_what_is_above_it() -> None:
    present = cabin(limits=[100, 90, 40])

    more = rules.decide(present, Controls(overbooking_factor=Decimal("1.08")), MOST)
    less = rules.decide(present, Controls(authorised=60), MOST)

    assert (more.authorised, more.limits) == (108, [108, 90, 40])
    assert (less.authorised, less.limits) == (60, [60, 60, 40])


def test_limits_alone_say_what_is_authorised() -> None:
    granted = rules.decide(cabin(limits=[100, 90, 40]), Controls(limits={"Y": 95, "M": 80, "K": 10}), MOST)

    assert granted.authorised == 95


@pytest.mark.parametrize(
    ("asked", "refusal", "says"),
    [
        (Controls(limits={"Y": 100, "M": 90}), ControlsMalformed, "Y, M, K"),
        (Controls(limits={"Y": 100, "M": 90, "Z": 4}), ControlsMalformed, "Y, M, K"),
        (Controls(limits={"Y": 100, "M": 40, "K": 41}), ControlsMalformed, "K may sell no more than M"),
        (Controls(authorised=90, limits={"Y": 100, "M": 40, "K": 4}), ControlsMalformed, "all 90"),
        (Controls(authorised=126), OverbookingTooHigh, "125 is the most"),
        (Controls(authorised=29), ControlsBelowSold, "30 are sold and held in Y and below"),
        (Controls(limits={"Y": 100, "M": 19, "K": 19}), ControlsBelowSold, "20 are sold and held in M"),
    ],
)
def test_what_is_refused(asked: Controls, refusal: type[DomainError], says: str) -> None:
    present = cabin(limits=[100, 90, 40], sold=[5, 10, 5], held=[5, 2, 3])

    with pytest.raises(refusal, match=says):
        rules.decide(present, asked, MOST)


def test_shares_are_of_what_is_authorised() -> None:
    shares = {"Y": Decimal("1"), "M": Decimal("0.8"), "K": Decimal("0.333")}

    assert rules.limits_of_shares(CLASSES, shares, 145) == {"Y": 145, "M": 116, "K": 48}

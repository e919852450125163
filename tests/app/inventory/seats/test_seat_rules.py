"""Layouts have the seats of the aircraft, each once, and what is special of them where it belongs."""

from hypothesis import given
from hypothesis import strategies as st

from app.inventory.seats import rules
from app.inventory.seats.schemas import SeatPosition, SeatZone

A320 = {"business": 12, "economy": 138}
seatings = st.dictionaries(
    st.sampled_from(rules.FRONT_TO_BACK), st.integers(min_value=1, max_value=450), min_size=1
)


@given(seatings)
def test_a_layout_has_every_seat_of_every_cabin_once(capacities: dict[str, int]) -> None:
    layout = rules.make_layout(capacities)

    names = [place.seat for cabin in layout for row in cabin.rows for place in rules.row_places(cabin, row)]
    assert len(names) == len(set(names)) == sum(capacities.values())
    placed = rules.places(layout).values()
    assert {c: sum(place.cabin == c for place in placed) for c in capacities} == capacities


@given(seatings)
def test_rows_run_through_the_cabins_and_leave_out_thirteen(capacities: dict[str, int]) -> None:
    numbers = [row.number for cabin in rules.make_layout(capacities) for row in cabin.rows]

    assert numbers == [number for number in range(1, numbers[-1] + 1) if number != 13]


def test_a_single_aisle_has_business_in_front_and_two_exit_rows_over_the_wing() -> None:
    business, economy = rules.make_layout(A320)

    assert (business.blocks, economy.blocks) == (["AC", "DF"], ["ABC", "DEF"])
    exits = [row for row in economy.rows if row.is_exit]
    assert [row.number for row in exits] == [14, 15]
    assert {row.zone for row in exits} == {SeatZone.EXTRA_LEGROOM}
    assert {row.zone for row in business.rows} == {SeatZone.STANDARD}


def test_the_front_fifth_of_economy_is_preferred() -> None:
    economy = rules.make_layout(A320)[1]

    assert [row.number for row in economy.rows if row.zone == SeatZone.PREFERRED] == [4, 5, 6, 7]


def test_a_seat_knows_its_window_aisle_and_block() -> None:
    found = rules.places(rules.make_layout(A320))

    row = {letter: found[f"20{letter}"].position for letter in "ABCDEF"}
    assert row == {
        "A": SeatPosition.WINDOW,
        "B": SeatPosition.MIDDLE,
        "C": SeatPosition.AISLE,
        "D": SeatPosition.AISLE,
        "E": SeatPosition.MIDDLE,
        "F": SeatPosition.WINDOW,
    }
    assert (found["20B"].block, found["20E"].block) == ("20ABC", "20DEF")


def test_whoever_must_move_gets_the_same_letter_in_the_nearest_row() -> None:
    layout = rules.places(rules.make_layout(A320))

    taken = {"21C", "20C"}
    found = rules.nearest_seat("20C", "economy", layout, taken, with_infant=False)

    assert found is not None
    assert found.seat == "19C"


def test_nobody_is_moved_to_an_exit_row_nor_an_infant_beside_another() -> None:
    layout = rules.places(rules.make_layout({"economy": 138}))
    exits = {place.seat for place in layout.values() if place.is_exit}
    others = {place.seat for place in layout.values() if not place.is_exit} - {"20A"}

    assert rules.nearest_seat("20B", "economy", layout, others | {"20A"}, with_infant=False) is None
    moved = rules.nearest_seat("20B", "economy", layout, others, with_infant=False)
    assert moved is not None
    assert moved.seat == "20A"
    assert rules.nearest_seat("20B", "economy", layout, others | {"20ABC"}, with_infant=True) is None
    assert exits


def test_a_seating_has_one_name_whatever_order_its_cabins_come_in() -> None:
    assert rules.configuration({"economy": 138, "business": 12}) == "business=12,economy=138"

"""What a cabin can still sell, and which change of it is the last."""

import itertools
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.availability.inventory import InventoryChange, inventory_change, latest, seats_open
from pipelines.envelope import decode
from pipelines.records import BadMessage
from tests.pipelines.messages import inventory_message, inventory_row

CABIN = "0197f000-0000-7000-8000-00000000000a"
FLIGHT = "0197f000-0000-7000-8000-00000000000b"


def change(offset: int, lsn: int, *, op: str = "u", **row: Any) -> InventoryChange:
    message = inventory_message(
        offset, inventory_row(**{"id": CABIN, "flight_id": FLIGHT, **row}), op=op, lsn=lsn
    )
    result = inventory_change(decode(message))
    assert isinstance(result, InventoryChange)
    return result


def test_a_class_sells_what_the_tightest_limit_above_it_leaves() -> None:
    assert seats_open([100, 60, 20], [0, 1, 2], [10, 5, 3]) == [79, 49, 15]
    assert seats_open([10, 60, 20], [0, 0, 0], [9, 0, 0]) == [1, 1, 1]


def test_the_last_change_of_a_cabin_is_the_one_with_the_highest_lsn() -> None:
    older, newer = change(1, 100, version=1), change(2, 200, version=2)

    for order in itertools.permutations([older, newer, older]):
        (last,) = latest(order)
        assert last is newer


def test_a_cabin_made_again_under_another_id_takes_the_place() -> None:
    gone = change(1, 100, op="d")
    again = change(2, 200, op="c", id="0197f000-0000-7000-8000-00000000000c")

    assert latest([gone, again]) == [gone, again]
    assert gone.inventory is None


def test_a_delete_knows_only_the_key() -> None:
    gone = change(1, 100, op="d")

    assert (gone.cabin_inventory_id, gone.inventory) == (UUID(CABIN), None)


@pytest.mark.parametrize(
    "row",
    [
        {"limits": [1, 2]},
        {"classes": [], "limits": [], "held": [], "sold": []},
        {"capacity": "many"},
        {"capacity": 2**40},
        {"flight_id": "not-a-uuid"},
        {"held": None},
    ],
)
def test_a_row_that_is_no_cabin_is_a_bad_message(row: dict[str, Any]) -> None:
    result = inventory_change(decode(inventory_message(1, inventory_row(**row))))

    assert isinstance(result, BadMessage)


def test_a_change_without_lsn_cannot_be_ordered() -> None:
    decoded = decode(inventory_message(1, inventory_row()))
    assert not isinstance(decoded, BadMessage)

    result = inventory_change(msgspec.structs.replace(decoded, lsn=None))

    assert isinstance(result, BadMessage)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=9)
)
def test_what_is_open_never_grows_down_the_ladder(classes: list[tuple[int, int, int]]) -> None:
    limits, held, sold = (list(column) for column in zip(*classes, strict=True))

    left = seats_open(limits, held, sold)

    assert all(below <= above for above, below in itertools.pairwise(left))
    assert all(left[i] <= limits[i] - sum(held[i:]) - sum(sold[i:]) for i in range(len(left)))

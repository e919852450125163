"""Where the seats of an aircraft are: a layout is made from nothing but the seats of each cabin.

Rows are numbered from the front through all cabins, and thirteen is left out. Letters follow the usual
cross-sections: two and two on regional aircraft, three and three on narrow bodies, three blocks on wide ones.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import count

from app.inventory.seats.schemas import CabinLayout, SeatPlace, SeatPosition, SeatRow, SeatZone

FRONT_TO_BACK = ("first", "business", "premium_economy", "economy")
NO_SUCH_ROW = 13
REGIONAL_SEATS = 100
WIDE_BODY_SEATS = 250
# The front fifth of economy is preferred: off the aircraft first.
PREFERRED_SHARE = 5

_REGIONAL = {
    "economy": ["AC", "DF"],
    "premium_economy": ["AC", "DF"],
    "business": ["A", "DF"],
    "first": ["A", "F"],
}
_NARROW = {
    "economy": ["ABC", "DEF"],
    "premium_economy": ["AC", "DF"],
    "business": ["AC", "DF"],
    "first": ["A", "F"],
}
_WIDE = {
    "economy": ["ABC", "DEF", "HJK"],
    "premium_economy": ["AC", "DEF", "HK"],
    "business": ["AC", "DG", "HK"],
    "first": ["A", "DG", "K"],
}


def configuration(capacities: Mapping[str, int]) -> str:
    """The name of a seating, such as business=12,economy=138."""
    return ",".join(f"{cabin}={capacities[cabin]}" for cabin in _in_order(capacities))


def make_layout(capacities: Mapping[str, int]) -> list[CabinLayout]:
    """A layout with exactly the seats of each cabin, front to back."""
    blocks_of = _cross_section(sum(capacities.values()))
    numbers = (number for number in count(1) if number != NO_SUCH_ROW)
    return [
        _make_cabin(cabin, capacities[cabin], blocks_of[cabin], numbers) for cabin in _in_order(capacities)
    ]


def places(layout: Sequence[CabinLayout]) -> dict[str, SeatPlace]:
    """Every seat of a layout by its name."""
    return {place.seat: place for cabin in layout for row in cabin.rows for place in row_places(cabin, row)}


def row_places(cabin: CabinLayout, row: SeatRow) -> list[SeatPlace]:
    return [
        SeatPlace(
            seat=f"{row.number}{letter}",
            cabin=cabin.cabin,
            zone=row.zone,
            position=_position(cabin.blocks, letter),
            is_exit=row.is_exit,
            block=f"{row.number}{next(block for block in cabin.blocks if letter in block)}",
        )
        for letter in row.letters
    ]


def nearest_seat(
    seat: str, cabin: str, layout: Mapping[str, SeatPlace], taken: Set[str], *, with_infant: bool
) -> SeatPlace | None:
    """The free seat of a cabin most like one of another layout: its letter, then the nearest row.

    Nobody is moved to an exit row, who may not be fit for it; nor an infant to a block that has one."""
    free = [
        place
        for place in layout.values()
        if place.cabin == cabin
        and not place.is_exit
        and place.seat not in taken
        and not (with_infant and place.block in taken)
    ]
    letter, row = seat[-1], int(seat[:-1])
    return min(
        free,
        key=lambda place: (place.seat[-1] != letter, abs(int(place.seat[:-1]) - row), place.seat),
        default=None,
    )


def _in_order(capacities: Mapping[str, int]) -> list[str]:
    return sorted(capacities, key=FRONT_TO_BACK.index)


def _cross_section(seats: int) -> Mapping[str, list[str]]:
    if seats < REGIONAL_SEATS:
        return _REGIONAL
    return _NARROW if seats < WIDE_BODY_SEATS else _WIDE


def _make_cabin(cabin: str, seats: int, blocks: list[str], numbers: Iterator[int]) -> CabinLayout:
    letters = "".join(blocks)
    rows, exits = -(-seats // len(letters)), _exit_rows(cabin, seats, len(letters))
    return CabinLayout(
        cabin=cabin,
        blocks=blocks,
        rows=[
            SeatRow(
                number=next(numbers),
                letters=letters[: min(len(letters), seats - place * len(letters))],
                zone=_zone(cabin, place, rows, place in exits),
                is_exit=place in exits,
            )
            for place in range(rows)
        ],
    )


def _exit_rows(cabin: str, seats: int, abreast: int) -> set[int]:
    """Over the wing of a single aisle; before the doors of a wide body. Small cabins have none."""
    rows = seats // abreast
    if cabin != "economy" or rows < 8:
        return set()
    middle = rows * 2 // 5
    if abreast <= 4:
        return {middle}
    return {middle, middle + 1} if abreast <= 6 else {rows // 3, rows * 2 // 3}


def _zone(cabin: str, place: int, rows: int, is_exit: bool) -> SeatZone:
    """Only economy is parted: whoever sits further in front has room already."""
    if cabin != "economy":
        return SeatZone.STANDARD
    if is_exit:
        return SeatZone.EXTRA_LEGROOM
    return SeatZone.PREFERRED if place < rows // PREFERRED_SHARE else SeatZone.STANDARD


def _position(blocks: Sequence[str], letter: str) -> SeatPosition:
    if letter in (blocks[0][0], blocks[-1][-1]):
        return SeatPosition.WINDOW
    beside_aisle = {block[0] for block in blocks[1:]} | {block[-1] for block in blocks[:-1]}
    return SeatPosition.AISLE if letter in beside_aisle else SeatPosition.MIDDLE

"""The few international rotations that are added to the real network; every leg of them is simulated."""

from dataclasses import dataclass

DAILY = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True)
class Rotation:
    """A flight abroad and its way back. Times are local; weekdays are those of each leg's departure."""

    airline: str
    number_out: str
    number_back: str
    origin: str
    destination: str
    aircraft_type: str
    out_departs: str
    out_arrives: str
    back_departs: str
    back_arrives: str
    weekdays: frozenset[int] = DAILY


ROTATIONS = (
    Rotation("AA", "9100", "9101", "JFK", "LHR", "777-222", "18:30", "06:35", "11:10", "14:15"),
    Rotation("DL", "9002", "9003", "JFK", "LHR", "767-332", "21:15", "09:20", "13:00", "16:05"),
    Rotation("UA", "9934", "9935", "EWR", "LHR", "767-322", "08:00", "20:05", "07:30", "10:40"),
    Rotation("DL", "9264", "9265", "JFK", "CDG", "767-332", "19:30", "08:45", "10:40", "13:05"),
    Rotation("UA", "9960", "9961", "EWR", "FRA", "777-222", "17:45", "07:25", "13:20", "15:45"),
    Rotation("UA", "9079", "9078", "EWR", "NRT", "777-222", "11:00", "14:25", "17:05", "16:45"),
    Rotation(
        "AA", "9951", "9950", "JFK", "GRU", "777-222", "22:05", "10:45", "23:15", "07:40",
        frozenset({1, 3, 5, 6, 7}),
    ),
    Rotation("B6", "9503", "9504", "JFK", "CUN", "A320-232", "08:40", "12:45", "13:50", "18:00"),
    Rotation(
        "HA", "9841", "9842", "JFK", "AKL", "A330-243", "20:00", "07:30", "17:30", "16:55",
        frozenset({2, 4, 6}),
    ),
)  # fmt: skip

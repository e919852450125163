"""How large a run is: every figure is printed before it is played."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """What a run plays. `departures` None means every departure there is."""

    name: str
    days_back: int
    days_ahead: int
    travellers: int
    bookings: int
    departures: int | None
    present_seconds: int
    present_per_second: float
    most_calls: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items())


SCALES = {
    "tour": Scale("tour", 14, 30, 300, 1_000, 40, 45, 3.0, 10_000),
    "full": Scale("full", 60, 60, 6_000, 60_000, None, 60, 5.0, 600_000),
}

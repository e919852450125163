"""When the gate is open, which seat a passenger gets, and who is denied boarding first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.flights.schemas import FlightStatus, FlightView
from app.inventory.seats.schemas import SeatZone
from app.pricing.schemas import PassengerType

# The gate takes passengers from here on, and shuts its door a little before the aircraft leaves.
BOARDING_OPENS = timedelta(minutes=60)
GATE_CLOSES = timedelta(minutes=15)
# Where no gate closes a flight out, a chore does so long after its departure.
CLOSE_OUT_GRACE = timedelta(hours=2)

_TAKES_BOARDING = (
    FlightStatus.SCHEDULED,
    FlightStatus.DELAYED,
    FlightStatus.CHECK_IN_OPEN,
    FlightStatus.BOARDING,
)
_HAS_LEFT = (FlightStatus.DEPARTED, FlightStatus.ARRIVED, FlightStatus.DIVERTED)

COMPARTMENTS = {"first": "F", "business": "J", "premium_economy": "W", "economy": "Y"}
DESCRIPTIONS = {PassengerType.ADULT: "0", PassengerType.CHILD: "3", PassengerType.INFANT: "4"}
CHECKED_IN, ON_STANDBY = "1", "7"
_ZONES = (SeatZone.STANDARD, SeatZone.PREFERRED, SeatZone.EXTRA_LEGROOM)

PRIORITY_RULE = (
    "Standby passengers before seated ones; among them the lowest amount paid for the flight first, "
    "and at the same amount whoever checked in last"
)


def is_boarding_open(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    """Until the flight is closed out, however late it leaves."""
    return status in _TAKES_BOARDING and now >= departs_at - BOARDING_OPENS


def has_left(status: FlightStatus, departs_at: datetime, now: datetime) -> bool:
    """By its state, or by its time where nobody keeps the state."""
    return status in _HAS_LEFT or (status in _TAKES_BOARDING and now >= departs_at)


def chore_departure(flight: FlightView) -> datetime:
    """From when on a flight has left for a chore: nobody has closed it out, so it is left some time."""
    return (flight.estimated_departs_at or flight.departs_at) + CLOSE_OUT_GRACE


def lacks_adult(types: Sequence[PassengerType]) -> bool:
    """Whether these passengers of one flight are more infants than adults to hold them."""
    return types.count(PassengerType.INFANT) > types.count(PassengerType.ADULT)


def infant_holders(party: Sequence[tuple[UUID, PassengerType]]) -> set[UUID]:
    """The adults on whose laps infants travel: the first of the party, one each."""
    adults = sorted(passenger_id for passenger_id, kind in party if kind is PassengerType.ADULT)
    return set(adults[: sum(kind is PassengerType.INFANT for _, kind in party)])


@dataclass(frozen=True)
class FreeSeat:
    """A seat nobody has. `rank` is its place in the order in which seats are given out."""

    seat: str
    rank: tuple[int, int, str]
    is_exit: bool
    block: str


def seat_rank(seat: str, zone: SeatZone) -> tuple[int, int, str]:
    """Those that are sold for the least first, then from the front, neighbours after one another."""
    return (_ZONES.index(zone), int(seat[:-1]), seat[-1])


def choose_seats(
    passengers: Sequence[UUID], free: Iterable[FreeSeat], *, is_young: bool
) -> dict[UUID, FreeSeat]:
    """Seats in the order they are given out, so together as far as that order has them so. A party with a
    child or an infant keeps out of the exit rows. Whoever is left out gets none."""
    usable = sorted((seat for seat in free if not (seat.is_exit and is_young)), key=lambda seat: seat.rank)
    return dict(zip(passengers, usable, strict=False))


def pass_seat(seat: str | None, *, needs_seat: bool, standby: bool) -> str:
    """A seat in the four places a pass has for it."""
    if not needs_seat:
        return "INF"
    if standby:
        return "STBY"
    return f"{seat:>4}".replace(" ", "0") if seat else "GATE"


@dataclass(frozen=True)
class Deniable:
    """A checked-in passenger who has not boarded."""

    coupon_id: UUID
    standby: bool
    paid_minor: int
    checked_in_at: datetime
    sequence_number: int


def denial_order(passengers: Sequence[Deniable]) -> list[UUID]:
    """Coupons of those who would stay behind, the first first, by PRIORITY_RULE."""
    ordered = sorted(
        passengers,
        key=lambda each: (
            not each.standby,
            each.paid_minor,
            -each.checked_in_at.timestamp(),
            -each.sequence_number,
        ),
    )
    return [each.coupon_id for each in ordered]


def clearing_order(passengers: Sequence[Deniable]) -> list[UUID]:
    """Coupons of those on standby in the order in which seats that become free are theirs."""
    return denial_order([each for each in passengers if each.standby])[::-1]

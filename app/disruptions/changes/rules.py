"""When a traveller has to be asked, what is proposed, and which class a seat comes from. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.disruptions.changes.schemas import ChangeKind, Proposal
from app.disruptions.operations.schemas import DisruptionKind

# From two hours on a traveller may want another flight; less is told and not asked, if connections hold.
SIGNIFICANT_DELAY = timedelta(hours=2)
# Nobody wants to leave much earlier than planned, and after two days hardly anybody wants to leave at all.
EARLIER = timedelta(hours=6)
LATER = timedelta(hours=48)
MAX_OPTIONS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What a traveller is asked: `first_replaced` of the slice's segments, from the disrupted one, go."""

    kind: ChangeKind
    first_replaced: int
    is_flight_kept: bool


def question(kind: DisruptionKind, delay: timedelta, *, has_onward: bool, holds: bool) -> Question | None:
    """What to ask about a slice whose connection from the disrupted flight `holds` or not; None: nothing."""
    if kind is DisruptionKind.CANCELLED:
        return Question(ChangeKind.CANCELLED, 0, is_flight_kept=False)
    if kind is DisruptionKind.SWAPPED:
        return Question(ChangeKind.DOWNGRADED, 0, is_flight_kept=False)
    is_missed = has_onward and not holds
    if kind is DisruptionKind.DELAYED and delay >= SIGNIFICANT_DELAY and not is_missed:
        return Question(ChangeKind.DELAYED, 0, is_flight_kept=True)
    if is_missed:
        return Question(ChangeKind.MISSED_CONNECTION, 1, is_flight_kept=False)
    return None


def proposal(asked: Question, options: int) -> Proposal:
    if asked.is_flight_kept:
        return Proposal.KEEP
    return Proposal.MOVE if options else Proposal.NONE


def class_for(seats_open: Mapping[str, int], fare_class: str, seats: int) -> str | None:
    """The class it was sold in while that has the seats, else the dearest that has; `seats_open` runs from
    the dearest down. A traveller who is moved is not stopped by what the cheap classes may sell."""
    if seats_open.get(fare_class, 0) >= seats:
        return fare_class
    return next((name for name, left in seats_open.items() if left >= seats), None)


def respond_by(departures: Sequence[datetime], closing: timedelta, otherwise: datetime) -> datetime:
    """When the first of these flights can no longer be chosen."""
    return min(departures) - closing if departures else otherwise

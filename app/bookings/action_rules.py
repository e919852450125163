"""What may be done with a booking: one table, which tells callers what they can do and refuses the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.bookings.schemas import Action, BookingStatus, CouponStatus
from app.pricing.schemas import PassengerType

# A coupon that is one of these is worth nothing any more.
GIVEN_BACK = (CouponStatus.VOID, CouponStatus.REFUNDED, CouponStatus.EXCHANGED)

TICKETED = (BookingStatus.CONFIRMED, BookingStatus.TICKETED)


@dataclass(frozen=True)
class Part:
    """What one passenger still has of one segment: a coupon that was not given back."""

    coupon_id: UUID
    passenger_id: UUID
    segment_id: UUID
    slice_number: int
    status: CouponStatus
    departs_at: datetime
    is_flight_off: bool
    may_change: bool
    may_check_in: bool
    """It is open, nothing has become of it at a gate, and its flight's check-in is open."""


@dataclass(frozen=True)
class Situation:
    """All that decides what may be done. A hold has no parts yet."""

    status: BookingStatus
    now: datetime
    departs_at: datetime
    party: Mapping[UUID, PassengerType]
    parts: Sequence[Part]
    is_flight_off: bool
    is_price_stale: bool = False

    @property
    def slice_numbers(self) -> list[int]:
        return sorted({part.slice_number for part in self.parts})

    @property
    def travellers(self) -> list[UUID]:
        """Passengers who still have something."""
        return [key for key in self.party if any(part.passenger_id == key for part in self.parts)]

    def of_slices(self, numbers: Iterable[int]) -> list[Part]:
        wanted = set(numbers)
        return [part for part in self.parts if part.slice_number in wanted]


def is_free_to_go(parts: Sequence[Part], now: datetime) -> bool:
    """Whether parts can be given back: none is in use, and none has left unless the flight is off."""
    unused = all(part.status is CouponStatus.OPEN for part in parts)
    off = any(part.is_flight_off for part in parts)
    return bool(parts) and unused and (off or now < min(part.departs_at for part in parts))


def is_sound_party(party: Iterable[PassengerType], *, had_adult: bool) -> bool:
    """Every infant has a lap, and no child is left without the adult it was booked with."""
    types = Counter(party)
    adults = types[PassengerType.ADULT]
    return types.total() > 0 and types[PassengerType.INFANT] <= adults and (adults > 0 or not had_adult)


def removable_slices(situation: Situation) -> list[int]:
    """Slices that can be cancelled by themselves, while others stay."""
    numbers = situation.slice_numbers
    if len(numbers) < 2:
        return []
    return [n for n in numbers if is_free_to_go(situation.of_slices([n]), situation.now)]


def removable_passengers(situation: Situation) -> list[UUID]:
    """Passengers who can be cancelled by themselves, while others travel."""
    found = []
    for key in situation.travellers:
        own = [part for part in situation.parts if part.passenger_id == key]
        if is_free_to_go(own, situation.now) and is_sound_without(situation, [key]):
            found.append(key)
    return found


def is_sound_without(situation: Situation, passenger_ids: Iterable[UUID]) -> bool:
    gone = set(passenger_ids)
    left = [situation.party[key] for key in situation.travellers if key not in gone]
    return is_sound_party(left, had_adult=has_adult(situation))


def has_adult(situation: Situation) -> bool:
    return PassengerType.ADULT in situation.party.values()


def changeable_slices(situation: Situation) -> list[int]:
    return [
        number
        for number in situation.slice_numbers
        if is_free_to_go(own := situation.of_slices([number]), situation.now)
        and all(part.may_change for part in own)
    ]


def why_not(action: Action, situation: Situation) -> str | None:
    """Why an action is refused; None when it may be done."""
    return _TABLE[action](situation)


def available_actions(situation: Situation) -> list[Action]:
    return [action for action, refusal in _TABLE.items() if refusal(situation) is None]


def _pay(s: Situation) -> str | None:
    if s.status is not BookingStatus.HELD:
        return f"it is {s.status}"
    return "its price has changed since it was promised" if s.is_price_stale else None


def _reprice(s: Situation) -> str | None:
    if s.status is not BookingStatus.HELD:
        return f"it is {s.status}"
    return None if s.is_price_stale else "its price still holds"


def _cancel(s: Situation) -> str | None:
    if s.status is BookingStatus.HELD:
        return None
    why = f"it is {s.status}, and its first flight leaves at {s.departs_at.isoformat()}"
    if s.status not in TICKETED or any(part.status is not CouponStatus.OPEN for part in s.parts):
        return why
    return None if s.is_flight_off or s.now < s.departs_at else why


def _cancel_part(s: Situation) -> str | None:
    if s.status not in TICKETED:
        return f"it is {s.status}"
    if removable_slices(s) or removable_passengers(s):
        return None
    return "no passenger and no slice of it can go by itself"


def _change(s: Situation) -> str | None:
    if s.status not in TICKETED:
        return f"it is {s.status}"
    return None if changeable_slices(s) else "none of its flights may be changed now"


def _split(s: Situation) -> str | None:
    if s.status not in TICKETED:
        return f"it is {s.status}"
    if any(part.status is not CouponStatus.OPEN for part in s.parts) or s.now >= s.departs_at:
        return "somebody is checked in or has left"
    types = Counter(s.party[key] for key in s.travellers)
    adults = types[PassengerType.ADULT]
    if adults >= 2 or (adults == 0 and types.total() >= 2):
        return None
    return "nobody of it can travel in a booking of their own"


def _check_in(s: Situation) -> str | None:
    if s.status is not BookingStatus.TICKETED:
        return f"it is {s.status}"
    if any(may_be_checked_in(s, part) for part in s.parts):
        return None
    return "nobody of it can be checked in now"


def may_be_checked_in(s: Situation, part: Part) -> bool:
    """An infant goes with an adult of the flight who is checked in, or can be, and holds no other."""
    if not part.may_check_in or s.party[part.passenger_id] is not PassengerType.INFANT:
        return part.may_check_in
    aboard = [each for each in s.parts if each.segment_id == part.segment_id]
    adults = [each for each in aboard if s.party[each.passenger_id] is PassengerType.ADULT]
    infants = [each for each in aboard if s.party[each.passenger_id] is PassengerType.INFANT]
    going = [each for each in adults if each.may_check_in or each.status is CouponStatus.CHECKED_IN]
    return len(going) > sum(each.status is CouponStatus.CHECKED_IN for each in infants)


def _correct_names(s: Situation) -> str | None:
    if s.status is BookingStatus.HELD:
        return None
    if s.status not in TICKETED:
        return f"it is {s.status}"
    return None if correctable_passengers(s) else "everybody is checked in or has left"


def correctable_passengers(s: Situation) -> list[UUID]:
    """Those with flights ahead and no boarding pass yet."""
    if s.status is BookingStatus.HELD:
        return list(s.party)
    return [
        key
        for key in s.travellers
        if all(
            part.status is CouponStatus.OPEN and s.now < part.departs_at
            for part in s.parts
            if part.passenger_id == key
        )
    ]


def _add(s: Situation) -> str | None:
    if s.status is BookingStatus.HELD:
        return None
    if s.status not in TICKETED:
        return f"it is {s.status}"
    is_ahead = any(s.now < part.departs_at and not part.is_flight_off for part in s.parts)
    return None if is_ahead else "no flight of it is ahead"


def _request_service(s: Situation) -> str | None:
    """Not on a hold: what a flight can do is not kept for who may never come."""
    return f"it is {s.status}" if s.status is BookingStatus.HELD else _add(s)


_TABLE: dict[Action, Callable[[Situation], str | None]] = {
    Action.PAY: _pay,
    Action.REPRICE: _reprice,
    Action.CANCEL: _cancel,
    Action.CANCEL_PART: _cancel_part,
    Action.CHANGE: _change,
    Action.SPLIT: _split,
    Action.CHECK_IN: _check_in,
    Action.CORRECT_NAMES: _correct_names,
    Action.ADD_EXTRAS: _add,
    Action.REQUEST_SERVICE: _request_service,
}

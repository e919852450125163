"""Aircraft types, their cabins, and the booking limits a new departure opens with."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.demo.source import Plane, Source

# The registry keeps a number after the aircraft is sold, so some airline flights of 2013 point at
# what now carries it: light aircraft, helicopters and business jets. No airliner here has fewer seats.
FEWEST_AIRLINER_SEATS = 50

# The registry gives the E190 the 20 seats of its executive certificate; airlines flew it with 100.
SEATS_CORRECTED = {"ERJ 190-100 IGW": 100}

# American and Envoy reported fleet numbers in place of tail numbers, so what can be matched of theirs
# is not what they mostly flew.
DEFAULT_MODELS = {"AA": "737-824", "MQ": "EMB-145LR"}

FEWEST_SEATS_FOR_TWO_CABINS = 70
WIDE_BODY_SEATS = 250
BUSINESS_SHARE = 0.08
WIDE_BODY_BUSINESS_SHARE = 0.12
BUSINESS_ROW = 4


@dataclass(frozen=True, slots=True)
class AircraftType:
    """One model with its seats by cabin, front to back."""

    code: str
    manufacturer: str
    model: str
    seats: int
    cabins: Mapping[str, int]


class Fleet:
    """Which aircraft type flies a departure."""

    def __init__(
        self, types: dict[str, AircraftType], by_tail: dict[str, str], by_airline: dict[str, str]
    ) -> None:
        self.types = types
        self._by_tail = by_tail
        self._by_airline = by_airline

    def type_of(self, airline: str, tail_number: str | None) -> str:
        """The plane's own type, or the airline's default where the plane is unknown or no airliner."""
        return self._by_tail.get(tail_number or "") or self._by_airline[airline]


def build_fleet(source: Source) -> Fleet:
    """The types of all airliners in the source, and a default for every airline."""
    airliners = [plane for plane in source.planes.values() if _seats(plane) >= FEWEST_AIRLINER_SEATS]
    codes = _codes(airliners)
    by_tail = {plane.tail_number: codes[plane.model, _seats(plane)] for plane in airliners}
    makers: dict[str, Counter[str]] = {}
    for plane in airliners:
        makers.setdefault(by_tail[plane.tail_number], Counter())[plane.manufacturer] += 1
    types = {
        codes[plane.model, _seats(plane)]: AircraftType(
            code=codes[plane.model, _seats(plane)],
            manufacturer=makers[codes[plane.model, _seats(plane)]].most_common(1)[0][0],
            model=plane.model,
            seats=_seats(plane),
            cabins=split_cabins(_seats(plane)),
        )
        for plane in airliners
    }
    return Fleet(types, by_tail, _defaults(source, by_tail))


def split_cabins(seats: int) -> dict[str, int]:
    """Seats by cabin: small aircraft have one cabin, others give whole rows of four to business."""
    if seats < FEWEST_SEATS_FOR_TWO_CABINS:
        return {"economy": seats}
    share = WIDE_BODY_BUSINESS_SHARE if seats >= WIDE_BODY_SEATS else BUSINESS_SHARE
    business = max(1, round(seats * share / BUSINESS_ROW)) * BUSINESS_ROW
    return {"business": business, "economy": seats - business}


def _seats(plane: Plane) -> int:
    return SEATS_CORRECTED.get(plane.model, plane.seats)


def _codes(airliners: list[Plane]) -> dict[tuple[str, int], str]:
    """The model's name is its code; a rarer seating of the same model carries its seats as well."""
    seatings: dict[str, Counter[int]] = {}
    for plane in airliners:
        seatings.setdefault(plane.model, Counter())[_seats(plane)] += 1
    codes = {}
    for model, counted in seatings.items():
        usual = min(counted, key=lambda seats: (-counted[seats], seats))
        for seats in counted:
            codes[model, seats] = model if seats == usual else f"{model}/{seats}"
    return codes


def _defaults(source: Source, by_tail: dict[str, str]) -> dict[str, str]:
    flown: dict[str, Counter[str]] = {}
    for (airline, tail_number), departures in source.departures_by_plane.items():
        if tail_number in by_tail:
            flown.setdefault(airline, Counter())[by_tail[tail_number]] += departures
    most_flown = {
        airline: min(counted, key=lambda code: (-counted[code], code)) for airline, counted in flown.items()
    }
    return most_flown | DEFAULT_MODELS

"""Kilograms of carbon dioxide for a seat, by the method of the myclimate flight calculator.

    fuel = (a x^2 + b x + c) / (seats * load) * share of passengers * weight of the cabin
    CO2  = 3.15 kg for each kg of fuel        x = great circle + 95 km of detours

The method knows an average aircraft for short haul (up to 1500 km) and one for long haul (from 2500 km), and
goes from one to the other between. It counts other effects on the climate too; here it is the carbon dioxide
alone. Ours: an aircraft of the same size that seats more people shares its fuel among more. Beyond a quarter
either way it is another size of aircraft, of whose fuel the curve knows nothing: the seats count no further.
"""

from dataclasses import dataclass

from app.flights.schemas import Cabin

SOURCE = "myclimate flight emission calculator, carbon dioxide alone, by distance, aircraft seats and cabin"

SHORT_KM = 1500
LONG_KM = 2500
DETOUR_KM = 95
KG_CO2_PER_KG_FUEL = 3.15
LOAD = 0.82
SEATS_COUNT_WITHIN = 0.25


@dataclass(frozen=True, slots=True)
class _Haul:
    """The method's figures for its average aircraft of one length of flight."""

    a: float
    b: float
    c: float
    seats: float
    passengers_share: float
    weights: dict[Cabin, float]


# The method has no premium economy: it weighs as economy does there.
_SHORT = _Haul(
    0.0, 2.714, 1166.52, 153.51, 0.93,
    {Cabin.ECONOMY: 0.96, Cabin.PREMIUM_ECONOMY: 0.96, Cabin.BUSINESS: 1.26, Cabin.FIRST: 2.40},
)  # fmt: skip
_LONG = _Haul(
    0.0001, 7.104, 5044.93, 280.21, 0.74,
    {Cabin.ECONOMY: 0.80, Cabin.PREMIUM_ECONOMY: 0.80, Cabin.BUSINESS: 1.54, Cabin.FIRST: 2.40},
)  # fmt: skip


def kg_co2(distance_km: int, cabin: Cabin, seats: int | None) -> float:
    """For one passenger on one flight. Without the aircraft's seats: the method's average aircraft."""
    if distance_km <= SHORT_KM:
        return _kg(_SHORT, distance_km, cabin, seats)
    if distance_km >= LONG_KM:
        return _kg(_LONG, distance_km, cabin, seats)
    share = (distance_km - SHORT_KM) / (LONG_KM - SHORT_KM)
    short, long = (_kg(haul, distance_km, cabin, seats) for haul in (_SHORT, _LONG))
    return short + share * (long - short)


def _kg(haul: _Haul, distance_km: int, cabin: Cabin, seats: int | None) -> float:
    x = distance_km + DETOUR_KM
    fuel = (haul.a * x * x + haul.b * x + haul.c) / (_seats(haul, seats) * LOAD)
    return fuel * haul.passengers_share * haul.weights[cabin] * KG_CO2_PER_KG_FUEL


def _seats(haul: _Haul, seats: int | None) -> float:
    if seats is None:
        return haul.seats
    return min(max(seats, haul.seats * (1 - SEATS_COUNT_WITHIN)), haul.seats * (1 + SEATS_COUNT_WITHIN))

"""Who travels: kinds of travellers, how far ahead they book, and the people themselves, from one seed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

# Addresses for benchmarks (RFC 2544): the sandbox's geography knows where in it each city is.
FIRST_ADDRESS = (198 << 24) + (18 << 16)
ADDRESSES = 1 << 17

GIVEN_NAMES = (
    "Ada", "Amir", "Bea", "Boris", "Carmen", "Chidi", "Dana", "Emil", "Farah", "Gwen", "Hana", "Ivo", "Jun",
    "Kemal", "Lena", "Mateo", "Nadia", "Oskar", "Priya", "Quinn", "Rosa", "Sven", "Tariq", "Uma", "Vera",
    "Wei", "Ximena", "Yara", "Zeno",
)  # fmt: skip
FAMILY_NAMES = (
    "Abara", "Bergstrom", "Castellan", "Dimitrov", "Eriksen", "Fontaine", "Grimaldi", "Hashimoto", "Ibsen",
    "Jansson", "Kowalczyk", "Lindqvist", "Marchetti", "Nakamura", "Okonkwo", "Petrossian", "Quiroga",
    "Rossetti", "Sandoval", "Tanizaki", "Ulrichsen", "Valdez", "Wickham", "Xanthos", "Yamaguchi", "Zielinski",
)  # fmt: skip


class Kind(StrEnum):
    BUSINESS = "business"
    LEISURE = "leisure"
    VISITING = "visiting"
    GROUP = "group"


# How many of the travellers are of each kind.
KIND_SHARES = {Kind.BUSINESS: 0.30, Kind.LEISURE: 0.42, Kind.VISITING: 0.22, Kind.GROUP: 0.06}

# Share of purchases made at least so many days before departure. Business and leisure: published shares of
# seats booked by data collection point; the others: the published 10/50/90 % of all purchases, 8, 51 and
# 224 days. The ends are ours.
BOOKED_BY: dict[Kind, Sequence[tuple[float, float]]] = {
    Kind.BUSINESS: ((0.1, 1.0), (3, 0.95), (5, 0.78), (14, 0.50), (63, 0.06), (120, 0.0)),
    Kind.LEISURE: ((0.1, 1.0), (3, 0.98), (5, 0.95), (14, 0.85), (63, 0.17), (330, 0.0)),
    Kind.VISITING: ((0.1, 1.0), (8, 0.90), (51, 0.50), (224, 0.10), (330, 0.0)),
    Kind.GROUP: ((0.1, 1.0), (8, 0.90), (51, 0.50), (224, 0.10), (330, 0.0)),
}

# Weights of parties of 1, 2, 3 ...; one is the most frequent everywhere but in groups.
PARTY_WEIGHTS = {
    Kind.BUSINESS: (88, 10, 2),
    Kind.LEISURE: (46, 34, 9, 9, 2),
    Kind.VISITING: (58, 24, 9, 7, 2),
    Kind.GROUP: (0, 0, 0, 20, 30, 25, 12, 8, 5),
}


@dataclass(frozen=True, slots=True)
class Traveller:
    """One simulated person: everything that tells them from another."""

    number: int
    kind: Kind
    given_name: str
    family_name: str
    email: str
    phone: str
    device: str
    address: str
    card: str
    country: str

    def card_token(self, outcome: str) -> str:
        """The sandbox's token for this person's card, with what the gateway shall answer."""
        return f"tok_{outcome}_{self.country}_{self.card}"


def draw_lead_days(kind: Kind, rng: random.Random) -> float:
    """Days between purchase and departure, from the published shares, even in between on a log scale."""
    level = rng.random()
    points = BOOKED_BY[kind]
    for (near, above), (far, below) in pairwise(points):
        if level >= below:
            part = (above - level) / (above - below)
            return math.exp(math.log(near) + part * (math.log(far) - math.log(near)))
    return points[-1][0]


def draw_party(kind: Kind, rng: random.Random) -> int:
    weights = PARTY_WEIGHTS[kind]
    return rng.choices(range(1, len(weights) + 1), weights)[0]


def draw_travellers(count: int, run: int, rng: random.Random, first: int = 1) -> list[Traveller]:
    """New people: the run's number is in all that identifies them, so that no two runs share anyone."""
    addresses = rng.sample(range(ADDRESSES), count)
    kinds = rng.choices(list(KIND_SHARES), list(KIND_SHARES.values()), k=count)
    return [
        Traveller(
            number=number,
            kind=kind,
            given_name=rng.choice(GIVEN_NAMES),
            family_name=rng.choice(FAMILY_NAMES),
            email=f"run{run}.traveller{number}@travellers.example",
            phone=f"+1202555{(run * 1000 + number) % 10000:04}",
            device=f"device-{run}-{number}",
            address=_address(offset),
            card=f"run{run}card{number}",
            country="US",
        )
        for number, kind, offset in zip(range(first, first + count), kinds, addresses, strict=True)
    ]


def _address(offset: int) -> str:
    value = FIRST_ADDRESS + offset
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))

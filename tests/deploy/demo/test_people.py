"""Who travels: the published shares, and that one seed gives the same people."""

import random
from ipaddress import ip_address, ip_network
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.people import PARTY_WEIGHTS, Kind, draw_lead_days, draw_party, draw_travellers

DRAWS = 20_000
TOLERANCE = 0.015

# Published shares of seats booked at least so many days before departure.
PUBLISHED = [
    (Kind.BUSINESS, 63, 0.06),
    (Kind.BUSINESS, 14, 0.50),
    (Kind.BUSINESS, 5, 0.78),
    (Kind.BUSINESS, 3, 0.95),
    (Kind.LEISURE, 63, 0.17),
    (Kind.LEISURE, 14, 0.85),
    (Kind.LEISURE, 5, 0.95),
    (Kind.LEISURE, 3, 0.98),
]


def leads(kind: Kind, seed: int = 7) -> list[float]:
    rng = random.Random(seed)
    return [draw_lead_days(kind, rng) for _ in range(DRAWS)]


@pytest.mark.parametrize(("kind", "days", "share"), PUBLISHED)
def test_share_booked_by_each_day_is_near_the_published_one(kind: Kind, days: int, share: float) -> None:
    drawn = leads(kind)

    assert abs(sum(lead >= days for lead in drawn) / DRAWS - share) < TOLERANCE


def test_quantiles_of_lead_time_are_near_the_published_ones() -> None:
    deciles = quantiles(leads(Kind.VISITING), n=10)

    assert deciles[0] == pytest.approx(8, rel=0.1)
    assert deciles[4] == pytest.approx(51, rel=0.1)
    assert deciles[8] == pytest.approx(224, rel=0.1)


@pytest.mark.parametrize("kind", [Kind.BUSINESS, Kind.LEISURE, Kind.VISITING])
def test_a_party_of_one_is_the_most_frequent(kind: Kind) -> None:
    rng = random.Random(3)
    drawn = [draw_party(kind, rng) for _ in range(2_000)]

    assert max(set(drawn), key=drawn.count) == 1
    assert max(drawn) <= len(PARTY_WEIGHTS[kind]) <= 9


@given(seed=st.integers(), run=st.integers(min_value=1, max_value=50))
def test_one_seed_gives_the_same_people_and_another_run_shares_none(seed: int, run: int) -> None:
    once = draw_travellers(20, run, random.Random(seed))
    again = draw_travellers(20, run, random.Random(seed))
    next_run = draw_travellers(20, run + 1, random.Random(seed))

    assert once == again
    for mark in ("email", "device", "card"):
        assert not {getattr(t, mark) for t in once} & {getattr(t, mark) for t in next_run}
        assert len({getattr(t, mark) for t in once}) == 20


def test_addresses_lie_in_the_network_kept_for_benchmarks() -> None:
    network = ip_network("198.18.0.0/15")

    assert all(ip_address(t.address) in network for t in draw_travellers(500, 1, random.Random(1)))

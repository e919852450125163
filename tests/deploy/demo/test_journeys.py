"""Journeys: planned whole from a seed, in an order that can be lived."""

import random
from datetime import UTC, datetime, timedelta

from deploy.demo.journeys import MOST_LOOKS, SALE_CLOSES, Demand, Departure, Journey, plan_journeys
from deploy.demo.people import draw_travellers
from deploy.demo.present import MOST_BOOKINGS_EACH, plan_lookalikes, plan_present

FIRST = datetime(2026, 11, 9, tzinfo=UTC)
LAST = datetime(2026, 11, 23, 5, tzinfo=UTC)


def departures(count: int = 40) -> list[Departure]:
    return [
        Departure(f"flt_{n}", "JFK", "SFO", "2026-12-01", FIRST + timedelta(days=1 + n), 100 + n, n % 2 == 0)
        for n in range(count)
    ]


def planned(seed: int = 11) -> list[Journey]:
    rng = random.Random(seed)
    travellers = draw_travellers(300, 1, rng)
    return plan_journeys(Demand(departures(), travellers, 1_000, FIRST, LAST), rng)


def test_one_seed_gives_the_same_journeys_and_another_gives_others() -> None:
    assert planned(11) == planned(11)
    assert planned(11) != planned(12)


def test_every_moment_of_a_journey_comes_after_the_one_before_it() -> None:
    for journey in planned():
        moments = [
            *journey.looks,
            *([journey.books_at] if journey.books_at else []),
            *(payment.at for payment in journey.payments),
            *([journey.cancels_at] if journey.cancels_at else []),
        ]
        assert moments == sorted(moments)
        assert journey.begins_at >= FIRST
        assert journey.begins_at <= journey.departure.departs_at - SALE_CLOSES
        assert 1 <= len(journey.looks) <= MOST_LOOKS


def test_shares_of_expired_declined_and_cancelled_are_those_meant() -> None:
    journeys = planned()
    booked = [journey for journey in journeys if journey.books_at]
    paid = [journey for journey in booked if journey.payments]

    assert 800 < len(journeys) <= 1_000
    assert 0.02 < 1 - len(paid) / len(booked) < 0.09
    assert 0.03 < sum(len(journey.payments) > 1 for journey in paid) / len(paid) < 0.10
    assert 0.05 < sum(journey.cancels_at is not None for journey in paid) / len(paid) < 0.20


def test_nobody_is_in_two_journeys_at_once() -> None:
    until: dict[int, datetime] = {}
    for journey in planned():
        begins = journey.begins_at
        assert begins >= until.get(journey.traveller.number, begins)
        last = journey.payments[-1].at if journey.payments else journey.books_at or journey.looks[-1]
        until[journey.traveller.number] = last


def test_in_the_present_nobody_books_as_often_as_the_rules_look_for() -> None:
    rng = random.Random(5)
    travellers = draw_travellers(70, 1, rng)

    journeys = plan_present(departures(), travellers, LAST, 45, 3.0, rng)

    by_person = [journey.traveller.number for journey in journeys]
    assert len(journeys) == 135
    assert max(by_person.count(number) for number in set(by_person)) <= MOST_BOOKINGS_EACH
    assert all(LAST <= journey.begins_at <= LAST + timedelta(seconds=45) for journey in journeys)


def test_look_alikes_are_labelled_and_look_as_they_should() -> None:
    journeys = plan_lookalikes(departures(), LAST, 1, random.Random(5))
    by_label: dict[str, list[Journey]] = {}
    for journey in journeys:
        by_label.setdefault(journey.label, []).append(journey)

    assert [len(j.surnames) for j in by_label["family_of_six"]] == [6]
    assert len(set(by_label["family_of_six"][0].surnames)) == 1
    assert [p.card_token.split("_")[1] for p in by_label["mistyped_card"][0].payments] == ["cvv"] * 3 + ["ok"]
    assert len({j.traveller.address for j in by_label["agency_behind_one_address"]}) == 1
    assert len({j.traveller.card for j in by_label["company_card"]}) == 1
    assert len({j.number for j in journeys}) == len(journeys)

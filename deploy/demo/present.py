"""Journeys of the present: ordinary ones at a steady rate, and honest ones that look like fraud."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from deploy.demo.journeys import Departure, Journey, Payment
from deploy.demo.people import Kind, Traveller, draw_party, draw_travellers

# Nobody books more often than this in the present: three bookings an hour is what a rule looks for.
MOST_BOOKINGS_EACH = 2
LEFT_UNPAID = 0.04
DECLINED_FIRST = 0.05
CANCELLED = 0.12
MISTYPED = 3
AGENCY_CUSTOMERS = 5
COMPANY_TRAVELLERS = 2
FAMILY = 6

# Numbers of look-alikes and their people begin here, past all ordinary ones of any scale.
FIRST_LOOKALIKE = 900_000
LAST_MINUTE = timedelta(hours=30)


def plan_present(
    departures: Sequence[Departure],
    travellers: Sequence[Traveller],
    first: datetime,
    seconds: int,
    per_second: float,
    rng: random.Random,
) -> list[Journey]:
    """Journeys that arrive at random at a steady rate, each at once from look to payment."""
    count = min(int(seconds * per_second), MOST_BOOKINGS_EACH * len(travellers))
    who = [rng.sample(travellers, len(travellers)) for _ in range(MOST_BOOKINGS_EACH)]
    people = [traveller for round_ in who for traveller in round_][:count]
    moments = sorted(first + timedelta(seconds=rng.uniform(0, seconds)) for _ in range(count))
    return [
        _ordinary(number, traveller, rng.choice(departures), moment, rng)
        for number, (traveller, moment) in enumerate(zip(people, moments, strict=True), start=100_000)
    ]


def plan_lookalikes(
    departures: Sequence[Departure], first: datetime, run: int, rng: random.Random
) -> list[Journey]:
    """A family, a mistyped card, an agency, a businessman in a hurry, a company card; all of them pay."""
    people = iter(draw_travellers(3 + AGENCY_CUSTOMERS + COMPANY_TRAVELLERS, run, rng, FIRST_LOOKALIKE))
    soonest = min(departures, key=lambda departure: departure.departs_at)
    plans = [
        *_plain("family_of_six", next(people), rng.choice(departures), FAMILY),
        *_mistyped(next(people), rng.choice(departures)),
        *_plain("last_minute_business", replace(next(people), kind=Kind.BUSINESS), soonest, 1),
        *_agency([next(people) for _ in range(AGENCY_CUSTOMERS)], departures, rng),
        *_company([next(people) for _ in range(COMPANY_TRAVELLERS)], departures, rng),
    ]
    return [
        _at(journey, FIRST_LOOKALIKE + number, first + timedelta(seconds=number / 2))
        for number, journey in enumerate(plans)
    ]


def _ordinary(
    number: int, traveller: Traveller, departure: Departure, moment: datetime, rng: random.Random
) -> Journey:
    chance = rng.random()
    tokens = [] if chance < LEFT_UNPAID else [traveller.card_token("ok")]
    if LEFT_UNPAID <= chance < LEFT_UNPAID + DECLINED_FIRST:
        tokens.insert(0, traveller.card_token("insufficient"))
    journey = _journey("ordinary", traveller, departure, draw_party(traveller.kind, rng), tokens)
    cancels = bool(tokens) and rng.random() < CANCELLED
    return replace(_at(journey, number, moment), cancels_at=moment if cancels else None)


def _plain(label: str, traveller: Traveller, departure: Departure, party: int) -> Iterator[Journey]:
    yield _journey(label, traveller, departure, party, [traveller.card_token("ok")])


def _mistyped(traveller: Traveller, departure: Departure) -> Iterator[Journey]:
    tokens = [traveller.card_token("cvv")] * MISTYPED + [traveller.card_token("ok")]
    yield _journey("mistyped_card", traveller, departure, 1, tokens)


def _agency(
    customers: list[Traveller], departures: Sequence[Departure], rng: random.Random
) -> Iterator[Journey]:
    for customer in customers:
        at_the_desk = replace(customer, address=customers[0].address)
        yield from _plain("agency_behind_one_address", at_the_desk, rng.choice(departures), 1)


def _company(
    staff: list[Traveller], departures: Sequence[Departure], rng: random.Random
) -> Iterator[Journey]:
    for employee in staff:
        with_its_card = replace(employee, card=staff[0].card)
        yield from _plain("company_card", with_its_card, rng.choice(departures), 1)


def _journey(
    label: str, traveller: Traveller, departure: Departure, party: int, tokens: Sequence[str]
) -> Journey:
    moment = departure.departs_at
    return Journey(
        number=0,
        traveller=traveller,
        departure=departure,
        cabin="economy",
        surnames=(traveller.family_name,) * party,
        looks=(moment,),
        books_at=moment,
        payments=tuple(Payment(moment, token) for token in tokens),
        cancels_at=None,
        label=label,
    )


def _at(journey: Journey, number: int, moment: datetime) -> Journey:
    payments = tuple(replace(payment, at=moment) for payment in journey.payments)
    return replace(journey, number=number, looks=(moment,), books_at=moment, payments=payments)

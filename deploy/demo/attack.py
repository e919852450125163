"""Card testing, in real time: one device tries many cards on small bookings until it is refused."""

import asyncio
import random
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.demo.api import Answer, Api
from deploy.demo.journeys import Departure
from deploy.demo.people import Traveller, draw_travellers
from deploy.demo.progress import Progress

LABEL = "card_testing"
MOST_TRIES = 30
SECONDS_BETWEEN_TRIES = 1.0
ATTACKER_NUMBER = 990_000

# Of the cards a tester buys, few still work.
WORKING_SHARE = 0.1
REFUSALS_OF_DEAD_CARDS = ("declined", "cvv", "insufficient")

# What a payment that the platform refused because of its fraud decision answers with.
REFUSED_BY_RULES = ("fraud_blocked", "fraud_step_up_required")


@dataclass
class Attack:
    """What the attacker did and met, try by try."""

    bookings: list[str] = field(default_factory=list)
    attempts: int = 0
    charged: int = 0
    refused_at_attempt: int | None = None
    refusal: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def play_attack(
    api: Api, run: int, departures: list[Departure], rng: random.Random, bar: Progress
) -> Attack:
    """Try about one card a second until a payment is refused by the rules, or the tries are used up."""
    (attacker,) = draw_travellers(1, run, rng, ATTACKER_NUMBER)
    attack = Attack()
    await api.register(attacker, None)
    started = time.monotonic()
    for number in range(1, MOST_TRIES + 1):
        await asyncio.sleep(max(0.0, started + (number - 1) * SECONDS_BETWEEN_TRIES - time.monotonic()))
        key = f"run{run}-{LABEL}-{number}"
        booking_id = await _book(api, attacker, rng.choice(departures), key)
        bar.advance(1)
        if booking_id is None:
            continue
        attack.bookings.append(booking_id)
        outcome = "ok" if rng.random() < WORKING_SHARE else rng.choice(REFUSALS_OF_DEAD_CARDS)
        card = f"tok_{outcome}_US_run{run}stolen{number}"
        answer = await api.pay(attacker, None, booking_id, card, f"{key}-pay")
        attack.attempts += 1
        if _refused(attack, answer):
            break
    return attack


def _refused(attack: Attack, answer: Answer) -> bool:
    if answer.status not in (201, 202):
        return False
    attack.charged += answer.body["status"] == "captured"
    code = answer.body["decline_code"]
    if code not in REFUSED_BY_RULES:
        return False
    attack.refused_at_attempt, attack.refusal = attack.attempts, code
    return True


async def _book(api: Api, attacker: Traveller, departure: Departure, key: str) -> str | None:
    """The cheapest seat on the departure's day; None when nothing was for sale."""
    found = await api.search(
        attacker, None, origin=departure.origin, destination=departure.destination, day=departure.day,
        cabin="economy", adults=1,
    )  # fmt: skip
    offers = found.expect(200, 201)["offers"]
    if not offers:
        return None
    cheapest = min(offers, key=lambda offer: int(offer["total"]["amount_minor"]))
    answer = await api.book(attacker, None, str(cheapest["id"]), (attacker.family_name,), f"{key}-book")
    return str(answer.body["id"]) if answer.status == 201 else None

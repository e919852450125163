"""The watch over an entity agrees with a recount over all events, in whatever order they come."""

import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from bytewax.operators import StatefulBatchLogic
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.fraud.observations import Entity, Observation, ObservationKind, Sighting, microseconds
from pipelines.fraud.rules import RuleBook, rule_book
from pipelines.fraud.signals import Signal, joined, signal_id_of
from pipelines.fraud.watch import LATENESS, EntityWatch, Memory, Raised
from tests.pipelines.fraud.book import ALWAYS, ROWS, book, seen
from tests.pipelines.fraud.recount import Counted, Key, recount
from tests.pipelines.messages import START, START_US

BOOK = book()


def watch(sightings: Sequence[Sighting], rules: RuleBook = BOOK, batch: int = 1) -> list[Raised]:
    """Send the sightings through one watch per entity, `batch` at a time, forgetting nothing in between."""
    watches: dict[Entity, EntityWatch] = {}
    raised: list[Raised] = []
    for start in range(0, len(sightings), batch):
        for entity in {s.entity for s in sightings[start : start + batch]}:
            logic = watches.setdefault(entity, EntityWatch(lambda: rules, lambda: START, None))
            values = [s for s in sightings[start : start + batch] if s.entity == entity]
            raised += logic.on_batch(values)[0]
    return raised


def signals(raised: Iterable[Raised]) -> dict[str, Signal]:
    return joined(item.signal for item in raised)


def counted(found: dict[str, Signal]) -> dict[str, Counted]:
    return {
        name: Counted(
            signal.observed,
            signal.event_count,
            microseconds(signal.window_end),
            microseconds(signal.first_event_at),
            microseconds(signal.last_event_at),
        )
        for name, signal in found.items()
    }


def named(found: dict[Key, Counted], rules: RuleBook) -> dict[str, Counted]:
    names = {}
    for (rule_id, version, entity, seconds, bucket), value in found.items():
        rule = next(r for r in rules.in_force(value.last_us) if (r.id, r.version) == (rule_id, version))
        window = next(w for w in rule.windows if w.seconds == seconds)
        names[signal_id_of(rule, entity, window, bucket * seconds * 1_000_000)] = value
    return names


# Where the rules look, so that most examples raise something; and one place where they do not.
PLACES = [
    (Entity("device", "d"), ObservationKind.BOOKING),
    (Entity("device", "d"), ObservationKind.PAYMENT),
    (Entity("card", "c"), ObservationKind.PAYMENT),
    (Entity("account", "a"), ObservationKind.EXPIRY),
    (Entity("card", "c"), ObservationKind.EXPIRY),
]
TIMES = st.integers(0, 12).map(lambda n: n * 299) | st.integers(0, 100_000)
CARDS = st.sampled_from([None, "k1", "k2", "k3", "k4", "k5", "k6"])


@st.composite
def sightings_at_a_place(draw: st.DrawFn) -> list[Sighting]:
    """Several observations of one kind at one entity; the number says when each was committed."""
    entity, kind = draw(st.sampled_from(PLACES))
    facts = draw(st.lists(st.tuples(TIMES, CARDS, st.booleans(), st.integers(0, 9)), min_size=2, max_size=25))
    return [
        Sighting(
            entity,
            Observation(
                START_US + at * 1_000_000, f"{kind}{n}", kind, START_US + n, f"b{booking}", card, declined
            ),
        )
        for n, (at, card, declined, booking) in enumerate(facts)
    ]


OBSERVATIONS = st.lists(sightings_at_a_place(), min_size=1, max_size=3).map(
    lambda places: [sighting for place in places for sighting in place]
)


def unique(sightings: list[Sighting]) -> list[Sighting]:
    return list({s.observation.event_id: s for s in sightings}.values())


@settings(deadline=None, max_examples=150)
@given(OBSERVATIONS.map(unique), st.integers(0, 2**32), st.integers(1, 7))
def test_any_order_and_any_duplicates_agree_with_a_recount(
    sightings: list[Sighting], seed: int, batch: int
) -> None:
    rules = rule_book([{**row, **ALWAYS, "windows": [*row["windows"], _low(row)]} for row in ROWS])
    assert rules.refused == ()
    shuffled = [*sightings, *sightings[::2]]
    random.Random(seed).shuffle(shuffled)

    found = signals(watch(shuffled, rules, batch))

    expected = named(recount(rules.in_force(START_US), sightings), rules)
    assert counted(found) == expected
    assert found == signals(watch(sorted(sightings, key=lambda s: s.observation), rules))


def _low(row: dict[str, Any]) -> dict[str, Any]:
    """A window whose limits few events reach: the property is about signals, not about silence."""
    return {"seconds": 900, "limits": dict.fromkeys(row["windows"][0]["limits"], 2)}


def payments(cards: int, *, declined: int = 1, apart: float = 10) -> list[Sighting]:
    return [seen("payment", n * apart, card=f"k{n}", declined=n < declined) for n in range(cards)]


def test_four_cards_from_one_device_with_a_decline_raise_card_testing() -> None:
    (raised,) = watch(payments(4))

    assert raised.is_new
    assert raised.signal.rule_id == "CT1"
    assert (raised.signal.observed, raised.signal.threshold) == (4, 4)
    assert raised.signal.reason == "4 cards from one device in 10 min, 1 declined; limit 4"
    assert raised.signal.window_end == START + timedelta(seconds=30)
    assert len(raised.signal.event_ids) == raised.signal.event_count == 4


def test_three_cards_or_no_decline_raise_nothing() -> None:
    assert watch(payments(3)) == []
    assert watch(payments(4, declined=0)) == []


def test_an_event_just_outside_the_window_does_not_count() -> None:
    inside = [*payments(3), seen("payment", 599.999999, card="k9")]
    outside = [*payments(3), seen("payment", 600, card="k9")]

    assert len(watch(inside)) == 1
    assert watch(outside) == []


def test_a_late_event_raises_the_window_it_falls_into() -> None:
    first, *rest = payments(4)

    raised = watch([*rest, first])

    assert [item.signal.window_end for item in raised] == [START + timedelta(seconds=30)]


def test_a_late_decline_corrects_the_signal_instead_of_adding_one() -> None:
    sightings = payments(6)

    early = signals(watch(sightings))
    late = signals(watch([*sightings[1:], sightings[0]]))

    assert early == late
    (signal,) = early.values()
    assert (signal.observed, signal.first_event_at) == (6, START + timedelta(seconds=30))


def test_three_bookings_from_one_device_within_an_hour_are_too_fast() -> None:
    raised = watch([seen("booking", n * 60) for n in range(3)])

    assert [item.signal.reason for item in raised] == ["3 bookings from one device in 1 h; limit 3"]


def test_one_booking_paid_three_times_is_one_booking() -> None:
    card = ("card", "c1")

    assert watch([seen("payment", n, at=card, booking="b1") for n in range(5)]) == []
    assert len(watch([seen("payment", n, at=card) for n in range(3)])) == 1


def test_three_holds_left_to_expire_are_seat_spinning() -> None:
    raised = watch([seen("expiry", n * 600, at=("account", "a1")) for n in range(3)])

    assert [item.signal.reason for item in raised] == [
        "3 holds left to expire unpaid from one account in 30 min; limit 3"
    ]


def test_a_signal_is_new_once() -> None:
    raised = watch(payments(8))

    assert [item.is_new for item in raised] == [True, False, False, False, False]


def test_the_version_in_force_when_the_event_occurred_decides() -> None:
    (loose,) = [row for row in ROWS if row["id"] == "CT1"]
    change = START + timedelta(hours=1)
    rules = rule_book(
        [
            {**loose, **ALWAYS, "effective_to": change},
            {**loose, "version": 2, "effective_from": change, "effective_to": None,
             "windows": [{"seconds": 600, "limits": {"device": 2}}]},
        ]
    )  # fmt: skip
    before = payments(2)
    after = [seen("payment", 3600 + n, card=f"k{n}", declined=True) for n in range(2)]

    raised = watch([*after, *before], rules)

    assert [(item.signal.rule_version, item.signal.threshold) for item in raised] == [(2, 2)]


def test_a_watch_restored_from_its_memory_goes_on() -> None:
    first, second = payments(6)[:3], payments(6)[3:]
    original = EntityWatch(lambda: BOOK, lambda: START, None)
    original.on_batch(first)
    memory = original.snapshot()
    original.on_batch(second)

    restored = EntityWatch(lambda: BOOK, lambda: START, memory)
    again = list(restored.on_batch([*first, *second])[0])

    assert [(item.signal.observed, item.is_new) for item in again] == [(6, True)]
    assert restored.snapshot() == original.snapshot()


def test_memory_is_bounded_by_commit_time_and_not_by_event_time() -> None:
    day = 86_400
    logic = EntityWatch(lambda: BOOK, lambda: START, None)
    retention = day + LATENESS.total_seconds()

    logic.on_batch([seen("booking", n) for n in range(5)])
    logic.on_batch([seen("booking", -30 * day, committed_seconds=retention - 1, name="played late")])
    kept = logic.snapshot()
    logic.on_batch([seen("booking", retention + 10)])
    pruned = logic.snapshot()

    assert len(kept.observations) == 6
    assert {o.event_id for o in pruned.observations} == {"played late", f"booking-{retention + 10}-k1-None"}


def test_an_entity_nobody_sees_any_more_is_forgotten() -> None:
    logic = EntityWatch(lambda: BOOK, lambda: START, Memory((), {}, START))

    assert logic.notify_at() == START + timedelta(days=1) + LATENESS
    assert logic.on_notify() == ([], StatefulBatchLogic.DISCARD)


def test_negative_control_counting_as_events_arrive_depends_on_their_order() -> None:
    """Without evaluating later windows again, a late event is lost: this is what the property can see."""

    def judge_each_event_once(sightings: Sequence[Sighting]) -> int:
        arrived: list[Sighting] = []
        alarms = 0
        for sighting in sightings:
            arrived.append(sighting)
            at = sighting.observation.occurred_us
            window = [s for s in arrived if at - 600_000_000 < s.observation.occurred_us <= at]
            alarms += len({s.observation.card for s in window}) >= 4
        return alarms

    first, *rest = payments(4)

    assert judge_each_event_once([first, *rest]) == 1
    assert judge_each_event_once([*rest, first]) == 0

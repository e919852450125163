"""Bookings live at random: what is listed works, what is not is refused, and money, seats and coupons add up.

A state machine walks each life through the API, at a time of its own. Beside it runs a small model: what was
charged and given back, what became of each coupon, and who still travels in which booking."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import httpx2
import pytest
from anyio import from_thread, to_thread
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.bookings.schemas import Action
from app.pricing import service as pricing
from tests.app.bookings.life import GIVEN_BACK, SEATS, Hands
from tests.app.bookings.travellers import (
    assert_money_is_conserved,
    counters,
    departing,
    key_of,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

LIVES = 10
STEPS = 6
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PARTIES = (("adult", "adult"), ("adult", "child", "infant"), ("adult", "adult", "infant"))
# Walked alike on every run, and not shortened when it fails: the steps of one life are few enough to read.
LIMITS = settings(
    max_examples=LIVES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
# What ends a life is tried less often, or lives would be short.
OFTEN = tuple(action for action in Action if action is not Action.CANCEL) * 3 + (Action.CANCEL,)
# From each state of a coupon to which others, as long as no gate sees it.
MAY_BECOME = {
    None: {"open"},
    "open": {"checked_in", *GIVEN_BACK},
    "checked_in": {"open"},
} | {status: set[str]() for status in GIVEN_BACK}


class World:
    """What the lives share: the API, the database, and what fares cost before any of them."""

    def __init__(self, client: httpx2.AsyncClient, owner: Owner) -> None:
        self.client, self.owner = client, owner
        self.multipliers = owner.execute("select id, multiplier from app.fare_products").fetchall()

    def price_fares(self, percent: int) -> None:
        for product_id, multiplier in self.multipliers:
            self.owner.execute(
                "update app.fare_products set multiplier = round(%s * %s / 100.0, 3) where id = %s",
                (multiplier, percent, product_id),
            )
        pricing._read_at = float("-inf")


class Life(RuleBasedStateMachine):
    """A purchase and all that becomes of it, in one booking or several."""

    world: World
    tried: ClassVar[Counter[tuple[Action, bool]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        owner = self.world.owner
        departures = [departing(owner) for _ in range(3)]
        self.hands = Hands(new_traveller(self.world.client, owner), departures)
        self.coupons: dict[object, str] = {}

    # --- the steps

    @initialize(
        types=st.sampled_from(PARTIES),
        brand=st.sampled_from(["Flex", "Flex", "Standard", "Basic"]),
        hold=st.sampled_from(["checkout", "checkout", "pay_later"]),
        pays=st.booleans(),
    )
    def book(self, types: tuple[str, ...], brand: str, hold: str, pays: bool) -> None:
        self._run(self.hands.book, types, brand, hold)
        if pays or hold == "checkout":
            self._try(Action.PAY, 0)

    @rule(actions=st.lists(st.sampled_from(OFTEN), min_size=1, max_size=4), place=st.integers(0, 5))
    def try_actions(self, actions: list[Action], place: int) -> None:
        for action in actions:
            self._try(action, place)

    @rule(place=st.integers(0, 5))
    def pay_with_a_card_that_is_declined(self, place: int) -> None:
        booking = self._read(place)
        answer = self._run(self.hands.pay, booking, "tok_declined_US_card")

        assert ("pay" in booking["available_actions"]) == answer.is_success, answer.text
        assert not answer.is_success or answer.json()["status"] == "failed"

    @rule(place=st.integers(0, 5), seat=st.sampled_from(SEATS))
    def choose_a_seat(self, place: int, seat: str) -> None:
        answer = self._run(self.hands.choose_seat, self._read(place), seat)

        assert answer.status_code in (200, 409, 422), answer.text

    @rule(place=st.integers(0, 5))
    def take_a_check_in_back(self, place: int) -> None:
        answer = self._run(self.hands.undo_check_in, self._read(place))

        assert answer.status_code in (200, 409), answer.text

    @rule(percent=st.sampled_from([90, 110, 125]))
    def fares_change(self, percent: int) -> None:
        self.world.price_fares(percent)

    @rule(by=st.sampled_from([MINUTE * 5, MINUTE * 20, HOUR * 13, HOUR * 26, HOUR * 50]))
    def let_time_pass(self, by: timedelta) -> None:
        if self.hands.now + by < self.hands.departures[0].departs_at - HOUR * 72:
            self.hands.now += by

    @rule(place=st.integers(0, 1), before=st.sampled_from([HOUR * 20, HOUR * 3, MINUTE * 30]))
    def the_day_comes(self, place: int, before: timedelta) -> None:
        """Of the flight booked, or changed to: check-in is open, then the sale is over, then check-in."""
        self.hands.now = max(self.hands.now, self.hands.departures[place].departs_at - before)

    # --- what must hold after each of them

    @invariant()
    def money_adds_up(self) -> None:
        owner, kept = self.world.owner, 0
        for booking in self.hands.bookings:
            if scalar(owner, "select status from app.bookings where id = %s", key_of(booking)) != "held":
                assert_money_is_conserved(owner, booking)
            kept += int(
                scalar(
                    owner,
                    "select coalesce(sum(amount_minor - refunded_minor), 0) from app.payments "
                    "where booking_id = %s and captured_at is not null",
                    key_of(booking),
                )
            )
        assert kept == self.hands.charged - self.hands.given_back

    @invariant()
    def seats_are_those_of_holds_and_coupons(self) -> None:
        owner = self.world.owner
        for departure in self.hands.departures:
            sold = scalar(
                owner,
                "select count(*) from app.coupons c join app.passengers p on p.id = c.passenger_id "
                "where c.flight_id = %s and c.status <> all(%s) and p.type <> 'infant'",
                departure.flight_id,
                sorted(GIVEN_BACK),
            )
            held = scalar(
                owner,
                "select coalesce(sum(seats), 0) from app.seat_holds "
                "where flight_id = %s and released_at is null",
                departure.flight_id,
            )
            authorised = scalar(
                owner,
                "select authorised from app.cabin_inventories where flight_id = %s",
                departure.flight_id,
            )
            assert counters(owner, departure) == (held, sold)
            assert held + sold <= authorised

    @invariant()
    def coupons_go_only_where_they_may(self) -> None:
        for booking in self.hands.bookings:
            rows = self.world.owner.execute(
                "select id, passenger_id, status from app.coupons where booking_id = %s", (key_of(booking),)
            ).fetchall()
            for coupon_id, _, status in rows:
                before = self.coupons.get(coupon_id)
                assert status == before or status in MAY_BECOME[before], f"{before} became {status}"
                self.coupons[coupon_id] = str(status)
            live = Counter(passenger for _, passenger, status in rows if status not in GIVEN_BACK)
            assert max(live.values(), default=0) <= 1, "nobody flies one journey twice"

    def all_add_up(self) -> None:
        """For a life that is walked by hand."""
        self.money_adds_up()
        self.seats_are_those_of_holds_and_coupons()
        self.coupons_go_only_where_they_may()

    # --- helpers

    def _try(self, action: Action, place: int) -> None:
        booking = self._read(place)
        is_listed = action in booking["available_actions"]

        answer = self._run(self.hands.acts[action], booking)

        why = f"{action} of a {booking['status']} booking: {answer.status_code} {answer.text[:300]}"
        assert is_listed == answer.is_success, why
        assert is_listed or answer.status_code in (409, 422), why
        self.tried[action, is_listed] += 1
        self.coupons_go_only_where_they_may()

    def _read(self, place: int) -> dict[str, Any]:
        known = self.hands.bookings[place % len(self.hands.bookings)]
        return dict(self._run(self.hands.at.read, known))

    def _run(self, work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        return from_thread.run(partial(work, *arguments))


@pytest.fixture
def world(client: httpx2.AsyncClient, owner: Owner, gateway: GatewayProcess) -> Iterator[World]:
    Life.world = World(client, owner)
    Life.tried.clear()
    yield Life.world
    Life.world.price_fares(100)


async def live(work: Callable[[], None]) -> None:
    await to_thread.run_sync(work)


def random_lives() -> None:
    run_state_machine_as_test(Life, settings=LIMITS)


def a_full_life() -> None:
    """One life by hand, in which every action is listed once and refused once."""
    life, tried = Life(), list(Action)

    def step(*actions: Action) -> None:
        for action in actions:
            life.all_add_up()
            life._try(action, 0)
        life.all_add_up()

    life.book(("adult", "adult", "infant"), "Flex", "pay_later", pays=False)
    on_hold = (Action.PAY, Action.REPRICE, Action.CANCEL)
    step(*(action for action in tried if action not in on_hold))
    life.fares_change(110)
    life.let_time_pass(HOUR * 13)
    step(Action.PAY, Action.REPRICE, Action.REPRICE)
    life.pay_with_a_card_that_is_declined(0)
    life.choose_a_seat(0, SEATS[0])
    step(Action.PAY, Action.PAY, Action.CORRECT_NAMES, Action.ADD_EXTRAS, Action.REQUEST_SERVICE)
    step(Action.CHANGE, Action.SPLIT)
    life.choose_a_seat(0, SEATS[1])
    life.the_day_comes(1, HOUR * 20)
    step(Action.CHECK_IN, Action.CHECK_IN, Action.CHECK_IN, Action.CANCEL)
    life.take_a_check_in_back(0)
    step(Action.CANCEL_PART, Action.CANCEL, *tried)


async def test_lives_at_random(world: World) -> None:
    await live(random_lives)

    assert sum(Life.tried.values()) >= LIVES


async def test_a_life_in_which_every_action_is_listed_and_refused(world: World) -> None:
    await live(a_full_life)

    assert {action for action, is_listed in Life.tried if is_listed} == set(Action)
    assert {action for action, is_listed in Life.tried if not is_listed} == set(Action)


async def test_an_action_that_is_listed_but_refused_would_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: with every action listed, some of them are refused."""
    monkeypatch.setattr("app.bookings.action_rules.available_actions", lambda _: list(Action))

    with pytest.raises(AssertionError, match=r"of a .* booking: 4"):
        await live(a_full_life)


async def test_a_seat_that_is_not_given_back_would_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: cancellations that forget inventory."""

    async def forget(*_: object) -> None:
        return

    monkeypatch.setattr("app.inventory.service.return_seats", forget)

    with pytest.raises(AssertionError) as found:
        await live(a_full_life)

    assert "seats_are_those_of_holds_and_coupons" in {entry.name for entry in found.traceback}


async def test_money_that_is_not_given_back_would_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: cancellations that open no refund."""

    async def forget(*_: object) -> list[object]:
        return []

    monkeypatch.setattr("app.bookings.cancellation_service._open_refunds", forget)

    with pytest.raises(AssertionError) as found:
        await live(a_full_life)

    assert "money_adds_up" in {entry.name for entry in found.traceback}

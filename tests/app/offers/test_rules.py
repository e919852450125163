"""Which products a departure offers, and how an offer is found again."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.flights.schemas import Cabin, Departure
from app.offers.engine import MAX_OFFERS, SliceChoices, make_offers
from app.offers.packing import pack, unpack
from app.offers.rules import (
    MAX_SEATS_TOLD,
    ORDINAL_MASK,
    cheapest_by_brand,
    offer_id,
    request_key,
    split_offer_id,
)
from app.offers.schemas import Offer
from app.pricing.schemas import Conditions, FareProduct, PassengerType

NOW = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)
NOTHING_STATED = Conditions(change_before_departure=None, cancel_before_departure=None)


def product(brand: str, fare_class: str, multiplier_thousandths: int) -> FareProduct:
    return FareProduct(
        uuid7(), brand, "economy", fare_class, f"{fare_class}{brand[:3].upper()}",
        multiplier_thousandths, 0, NOTHING_STATED, "USD", date(2000, 1, 1), None,
    )  # fmt: skip


LADDER = [
    product("Flex", "Y", 4000),
    product("Flex", "B", 3000),
    product("Standard", "M", 2000),
    product("Standard", "H", 1500),
    product("Basic", "Q", 1250),
    product("Basic", "K", 1000),
]
CLASSES = [entry.fare_class for entry in LADDER]


def departure(seats_open: list[int], hours: int = 0) -> Departure:
    departs_at = NOW + timedelta(days=3, hours=hours)
    return Departure(
        flight_id=uuid7(),
        airline="B6",
        flight_number="615",
        origin="JFK",
        destination="LAX",
        departure_date=departs_at.date(),
        departs_local=departs_at.replace(tzinfo=None),
        departs_zone="America/New_York",
        arrives_local=departs_at.replace(tzinfo=None),
        arrives_zone="America/Los_Angeles",
        departs_at=departs_at,
        arrives_at=departs_at + timedelta(hours=6),
        aircraft_type="A320",
        distance_km=3983,
        classes=CLASSES,
        seats_open=seats_open,
        source_ts=NOW,
        read_at=NOW,
    )


def one_way(listed: list[Departure], party: list[PassengerType]) -> list[Offer]:
    choices = SliceChoices(Cabin.ECONOMY, [[entry] for entry in listed], LADDER)
    return make_offers(request_key(uuid7()), [[choices]], party, NOW)


seats = st.lists(st.integers(0, 12), min_size=len(CLASSES), max_size=len(CLASSES))
parties = st.lists(st.sampled_from(PassengerType), min_size=1, max_size=9)


@given(st.uuids(), st.integers(1, ORDINAL_MASK))
def test_an_offers_id_leads_back_to_its_request_and_place(key: UUID, ordinal: int) -> None:
    request_id = request_key(key)

    assert split_offer_id(offer_id(request_id, ordinal)) == (request_id, ordinal)
    assert split_offer_id(request_id) == (request_id, 0)


@pytest.mark.parametrize("ordinal", [0, ORDINAL_MASK + 1])
def test_a_request_has_no_room_for_other_ordinals(ordinal: int) -> None:
    with pytest.raises(ValueError, match="at most 255"):
        offer_id(request_key(uuid7()), ordinal)


def test_the_largest_answer_has_an_ordinal_for_every_offer() -> None:
    assert MAX_OFFERS <= ORDINAL_MASK


def test_each_brand_is_offered_in_its_cheapest_class_with_enough_seats() -> None:
    open_by_class = {"Y": 9, "B": 9, "M": 5, "H": 2, "Q": 2, "K": 1}

    chosen = cheapest_by_brand(LADDER, open_by_class, 2)

    assert [entry.fare_class for entry in chosen] == ["Q", "H", "B"]


def test_a_brand_whose_classes_are_full_is_not_offered() -> None:
    chosen = cheapest_by_brand(LADDER, {"Y": 1, "M": 0, "K": 0}, 1)

    assert [entry.brand for entry in chosen] == ["Flex"]


@given(st.lists(seats, max_size=6), parties)
def test_every_offer_has_the_seats_and_a_price_that_adds_up(
    departures: list[list[int]], party: list[PassengerType]
) -> None:
    listed = [departure(entry, hours) for hours, entry in enumerate(departures)]
    needed = sum(passenger.needs_seat for passenger in party)

    offers = one_way(listed, party)

    open_seats = {
        entry.flight_id: dict(zip(entry.classes, entry.seats_open, strict=True)) for entry in listed
    }
    for offer in offers:
        seats_open = open_seats[offer.slices[0].segments[0].flight_id][offer.fare_class]
        assert seats_open >= needed
        assert offer.seats_left == min(seats_open, MAX_SEATS_TOLD)
        assert offer.total.amount_minor == sum(price.total.amount_minor for price in offer.passengers)
        assert [price.type for price in offer.passengers] == party
    brands = [(offer.slices[0].segments[0].flight_id, offer.brand) for offer in offers]
    assert len(brands) == len(set(brands))
    assert len({offer.id for offer in offers}) == len(offers)
    totals = [offer.total.amount_minor for offer in offers]
    assert totals == sorted(totals)


@given(st.lists(seats, max_size=6), parties)
def test_packed_offers_keep_every_offer_and_repeat_nothing(
    departures: list[list[int]], party: list[PassengerType]
) -> None:
    listed = [departure(entry, hours) for hours, entry in enumerate(departures)]
    offers = one_way(listed, party)

    packed = pack(offers)

    assert len(packed.picks) == len(offers)
    kept = packed.model_dump(mode="json")
    for offer, pick in zip(offers, kept["picks"], strict=True):
        slices = [kept["slices"][place] for place in pick[0]]
        assert unpack(offer.id, NOW, slices, kept["fares"][pick[1]], pick, kept["fx"]) == offer
    assert len({entry.segments[0].flight_id for entry in packed.slices}) == len(packed.slices)
    assert len({entry.segments[0].fare_product_id for entry in packed.fares}) == len(packed.fares)

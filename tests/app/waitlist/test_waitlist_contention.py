"""The last seat, for whoever waits and whoever buys: the control of the tests in test_waitlist."""

import pytest

from app.inventory import store
from tests.app.bookings.travellers import Traveller, booking_request, departing, new_traveller, scalar
from tests.app.conftest import Owner
from tests.app.crowds import forget_holds, hold_uncounted
from tests.app.waitlist.test_waitlist import ONE, free, join, read, serve

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def test_looking_first_gives_one_seat_to_the_waitlist_and_to_a_buyer(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of test_one_freed_seat_goes_to_the_waitlist_or_to_a_buyer_and_never_to_both."""
    departure = departing(owner, seats=ONE)
    waiting, buyer = (new_traveller(traveller.client, owner) for _ in range(2))
    offer = await traveller.offer(departure)
    holder = await traveller.book(departure)
    entry = await join(waiting, departure)
    await free(traveller, holder)
    monkeypatch.setattr(store, "hold_seats_for_update", hold_uncounted)

    bought = await buyer.post("/v1/bookings", booking_request(offer))
    await serve()

    assert bought.status_code == 201, bought.text
    assert (await read(waiting, entry))["status"] == "offered"
    held = "select count(*) from app.seat_holds where flight_id = %s and released_at is null"
    assert scalar(owner, held, departure.flight_id) == 2
    forget_holds(owner, departure)

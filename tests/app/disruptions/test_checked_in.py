"""A flight is cancelled when its travellers are checked in already."""

import pytest

from tests.app.bookings.travellers import Traveller, assert_money_is_conserved, event_types
from tests.app.checkin.gates import check_in, statuses
from tests.app.conftest import Owner
from tests.app.disruptions.disrupted import HOUR, a_day, disrupt, flight, ticketed
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def test_whoever_is_checked_in_on_a_cancelled_flight_is_so_no_more(
    traveller: Traveller, operator: Operator, owner: Owner
) -> None:
    """At once, not when it would have left: a checked-in coupon can be neither paid back nor changed."""
    off = flight(owner, a_day())
    booking = await ticketed(traveller, off)
    today = traveller.at(off.departs_at - 3 * HOUR)
    assert (await check_in(today, booking)).status_code == 200

    await disrupt(operator, off, "cancel")

    read = await today.read(booking)
    assert statuses(read) == ["open"]
    assert "cancel" in read["available_actions"]
    assert "check_in" not in read["available_actions"]
    quote = await today.quote(booking)
    assert quote["penalty"]["amount_minor"] == 0
    assert (await today.confirm(quote)).status_code == 200
    assert (await check_in(today, booking)).status_code == 409
    assert "CheckInUndone" in event_types(owner, booking)
    assert_money_is_conserved(owner, booking)

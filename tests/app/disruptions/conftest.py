"""What the tests of disruptions share: travellers who have paid, and somebody of operations."""

import httpx2
import pytest

from tests.app.bookings.conftest import gateway, traveller
from tests.app.conftest import Owner
from tests.app.departures import make_reference
from tests.app.operators import Operator, make_fleet

__all__ = ["gateway", "operator", "traveller"]


@pytest.fixture
async def operator(client: httpx2.AsyncClient, owner: Owner) -> Operator:
    make_reference(owner)
    make_fleet(owner)
    return Operator(client)

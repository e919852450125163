"""What the tests of the timetable share: an operator, a fleet, and an airline nobody else uses."""

import httpx2
import pytest

from tests.app.conftest import Owner
from tests.app.departures import make_reference
from tests.app.operators import Operator, make_fleet


@pytest.fixture
async def operator(client: httpx2.AsyncClient, owner: Owner) -> Operator:
    make_reference(owner)
    make_fleet(owner)
    owner.execute("insert into app.airlines (code, name) values ('ZQ', 'Test Air') on conflict do nothing")
    return Operator(client)

"""Operations lets things happen to flights: by role, once per key, written down."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.ids import encode, uuid7
from tests.app.conftest import Owner
from tests.app.departures import NOON, Departure, make_departure
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

WHY = {"reason": "Late arrival of the aircraft"}


def path_of(departure: Departure, step: str) -> str:
    return f"/v1/admin/flights/{encode('flt', departure.flight_id)}/{step}"


async def test_a_cancelled_flight_is_off_for_sale_told_and_audited_once_per_key(
    operator: Operator, owner: Owner
) -> None:
    departure = make_departure(owner, departs_at=NOON + timedelta(days=1))
    key = uuid7().hex

    first = await operator.post(path_of(departure, "cancel"), WHY, key)
    again = await operator.post(path_of(departure, "cancel"), WHY, key)
    other = await operator.post(path_of(departure, "cancel"), WHY)

    assert first.status_code == 200, first.text
    assert first.json()["flight"]["status"] == "cancelled"
    assert first.json()["disruption"]["kind"] == "cancelled"
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (409, "flight_status_refused")
    listed = (await operator.get(path_of(departure, "disruptions"))).json()["data"]
    assert [each["reason"] for each in listed] == [WHY["reason"]]
    audited = owner.execute(
        "select before ->> 'status', after ->> 'status', reason from app.audit_entries "
        "where action = 'flight.cancelled' and entity_id = %s",
        (str(departure.flight_id),),
    ).fetchall()
    assert audited == [("scheduled", "cancelled", WHY["reason"])]


async def test_a_delay_is_a_disruption_and_taking_it_back_is_none(operator: Operator, owner: Owner) -> None:
    departure = make_departure(owner)

    late = (await operator.post(path_of(departure, "delay"), WHY | {"minutes": 150})).json()
    back = (await operator.post(path_of(departure, "delay"), WHY | {"minutes": 0})).json()

    assert (late["flight"]["status"], late["disruption"]["details"]) == ("delayed", {"delay_minutes": 150})
    assert (back["flight"]["status"], back["disruption"]) == ("scheduled", None)


async def test_only_a_flight_in_the_air_is_diverted_and_to_an_airport_of_ours(
    operator: Operator, owner: Owner
) -> None:
    on_ground, in_air = make_departure(owner), make_departure(owner, status="departed")

    refused = await operator.post(path_of(on_ground, "divert"), WHY | {"airport": "LHR"})
    unknown = await operator.post(path_of(in_air, "divert"), WHY | {"airport": "QQQ"})
    diverted = await operator.post(path_of(in_air, "divert"), WHY | {"airport": "LHR"})

    assert (refused.status_code, refused.json()["code"]) == (409, "flight_status_refused")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/airport")
    assert diverted.json()["flight"]["status"] == "diverted"
    assert diverted.json()["disruption"]["details"] == {"diverted_to": "LHR"}


async def test_a_flight_is_moved_on_state_by_state(operator: Operator, owner: Owner) -> None:
    departure = make_departure(owner)

    answers = [
        await operator.post(path_of(departure, "status"), {"status": status})
        for status in ("check_in_open", "boarding", "departed", "arrived")
    ]
    back = await operator.post(path_of(departure, "status"), {"status": "boarding"})

    assert [answer.status_code for answer in answers] == [200] * 4
    assert back.status_code == 409


@pytest.mark.parametrize(
    ("step", "body", "pointer"),
    [
        ("delay", {"minutes": -1} | WHY, "/minutes"),
        ("delay", {"minutes": 9999} | WHY, "/minutes"),
        ("delay", {"minutes": 5}, "/reason"),
        ("cancel", {"reason": ""}, "/reason"),
        ("divert", {"airport": "lhr"} | WHY, "/airport"),
        ("status", {"status": "cancelled"}, "/status"),
        ("cancel", WHY | {"by": "me"}, "/by"),
    ],
)
async def test_what_is_malformed_is_refused_where_it_is_wrong(
    operator: Operator, owner: Owner, step: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await operator.post(path_of(make_departure(owner), step), body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_flight_that_is_not_there_is_a_problem(operator: Operator) -> None:
    path = f"/v1/admin/flights/{encode('flt', uuid7())}"

    assert (await operator.post(f"{path}/cancel", WHY)).json()["code"] == "flight_not_found"
    assert (await operator.get(f"{path}/disruptions")).status_code == 404

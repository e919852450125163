"""Pricing rules over HTTP: made, read, replaced with If-Match, ended, and felt by prices."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token
from app.pricing.adjustments import service
from tests.app.conftest import Owner
from tests.app.departures import make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ROUTE = "/v1/admin/pricing-rules"
DAY = datetime(2034, 12, 5, 17, 0, tzinfo=UTC)


@pytest.fixture
def headers(owner: Owner) -> Iterator[dict[str, str]]:
    """An administrator's; the rules of the test are gone after it, and prices forget them."""
    token = mint_access_token(uuid7(), uuid7(), [Role.ADMIN])
    yield {"authorization": f"Bearer {token}"}
    owner.execute("delete from app.pricing_rules")
    service.forget()


def sale(**changes: Any) -> dict[str, Any]:
    return {
        "code": "SALE",
        "name": "Winter sale",
        "reason": "10 % off until the new year",
        "basis_points": -1000,
        "conditions": {"origin": "JFK", "destination": "ORD"},
        "valid_from": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
    } | changes


async def make(client: httpx2.AsyncClient, headers: dict[str, str], **changes: Any) -> httpx2.Response:
    answer = await client.post(ROUTE, json=sale(**changes), headers=headers)
    service.forget()
    return answer


async def cheapest(client: httpx2.AsyncClient, destination: str = "ORD") -> dict[str, Any]:
    leg = {"origin": "JFK", "destination": destination, "departure_date": DAY.date().isoformat()}
    answer = await client.post(
        "/v1/offer-requests", json={"slices": [leg], "passengers": [{"type": "adult"}], "max_stops": 0}
    )
    return dict(answer.json()["offers"][0])


@pytest.fixture(scope="module", autouse=True)
def departures(owner: Owner) -> None:
    for destination in ("ORD", "DEN"):
        make_departure(owner, destination=destination, departs_at=DAY, live_at=DAY)


async def test_a_rule_changes_the_prices_it_speaks_of_and_says_why(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    before, elsewhere = await cheapest(client), await cheapest(client, "DEN")

    assert (await make(client, headers)).status_code == 201

    after = await cheapest(client)
    (line,) = [line for line in after["passengers"][0]["breakdown"] if line["kind"] == "adjustment"]
    fare = before["passengers"][0]["fare"]["amount_minor"]
    assert line["reason"] == "10 % off until the new year"
    assert after["passengers"][0]["fare"]["amount_minor"] == fare + line["amount"]["amount_minor"]
    assert line["amount"]["amount_minor"] == -round(fare / 10)
    assert (await cheapest(client, "DEN"))["total"] == elsewhere["total"]
    assert (await client.get(f"/v1/offers/{before['id']}")).json()["total"] == before["total"]


async def test_a_rule_holds_only_from_its_time(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    before = await cheapest(client)

    await make(client, headers, valid_from=(datetime.now(UTC) + timedelta(hours=1)).isoformat())

    assert (await cheapest(client))["total"] == before["total"]


async def test_a_rule_is_replaced_by_who_has_read_it_last(
    client: httpx2.AsyncClient, headers: dict[str, str], owner: Owner
) -> None:
    made = await make(client, headers)
    address, tag = f"{ROUTE}/{made.json()['id']}", made.headers["etag"]
    body = sale(basis_points=-2000)

    without = await client.put(address, json=body, headers=headers)
    changed = await client.put(address, json=body, headers=headers | {"if-match": tag})
    stale = await client.put(address, json=body, headers=headers | {"if-match": tag})

    assert (without.status_code, changed.status_code, stale.status_code) == (428, 200, 412)
    assert (changed.json()["version"], changed.json()["basis_points"]) == (2, -2000)
    read = await client.get(address, headers=headers)
    assert (read.json(), read.headers["etag"]) == (changed.json(), changed.headers["etag"])


async def test_a_rule_is_ended_and_stays_to_be_read(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    before = await cheapest(client)
    made = await make(client, headers)
    address = f"{ROUTE}/{made.json()['id']}"

    ended = await client.delete(address, headers=headers | {"if-match": made.headers["etag"]})
    service.forget()

    assert ended.status_code == 200
    assert ended.json()["valid_to"] is not None
    assert (await cheapest(client))["total"] == before["total"]
    again = await client.delete(address, headers=headers | {"if-match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "pricing_rule_ended")
    assert (await client.get(address, headers=headers)).status_code == 200


async def test_a_rule_that_never_began_can_be_ended(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    later = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    made = await make(client, headers, valid_from=later)

    ended = await client.delete(f"{ROUTE}/{made.json()['id']}", headers=headers | {"if-match": "*"})

    assert ended.status_code == 200
    assert ended.json()["valid_to"] == ended.json()["valid_from"]


async def test_every_change_is_in_the_audit_log(
    client: httpx2.AsyncClient, headers: dict[str, str], owner: Owner
) -> None:
    made = (await make(client, headers)).json()
    address = f"{ROUTE}/{made['id']}"
    await client.put(address, json=sale(basis_points=-500), headers=headers | {"if-match": "*"})
    await client.delete(address, headers=headers | {"if-match": "*"})

    rows = owner.execute(
        "select action, before ->> 'basis_points', after ->> 'basis_points' from app.audit_entries "
        "where entity_id = %s order by id",
        (made["id"],),
    ).fetchall()
    assert rows == [
        ("pricing_rule.created", None, "-1000"),
        ("pricing_rule.replaced", "-1000", "-500"),
        ("pricing_rule.ended", "-500", "-500"),
    ]


async def test_rules_are_listed_the_newest_first(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    made = [(await make(client, headers, code=f"SALE{n}")).json()["id"] for n in range(3)]

    first = (await client.get(f"{ROUTE}?limit=2", headers=headers)).json()
    second = (await client.get(f"{ROUTE}?limit=2&after={first['meta']['after']}", headers=headers)).json()

    assert [entry["id"] for entry in first["data"] + second["data"]] == made[::-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis_points": None},
        {"amount_minor": 100},
        {"basis_points": 5001},
        {"basis_points": None, "amount_minor": -100_001},
        {"code": "sale!"},
        {"reason": ""},
        {"valid_to": "2000-01-01T00:00:00Z"},
        {"valid_from": "2031-01-01T00:00:00"},
        {"conditions": {"weekdays": [0]}},
        {"conditions": {"departs_from": "2031-02-02", "departs_to": "2031-02-01"}},
        {"conditions": {"min_days_ahead": 5, "max_days_ahead": 4}},
        {"conditions": {"colour": "red"}},
    ],
)
async def test_a_rule_that_says_nothing_clear_is_refused(
    client: httpx2.AsyncClient, headers: dict[str, str], wrong: dict[str, Any]
) -> None:
    answer = await client.post(ROUTE, json=sale(**wrong), headers=headers)

    assert answer.status_code == 422, answer.text


async def test_an_unknown_rule_is_not_found(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get(f"{ROUTE}/{encode('prl', uuid7())}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "pricing_rule_not_found")

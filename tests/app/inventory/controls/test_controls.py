"""Setting what flights may sell, over HTTP: versions, refusals, history, and sales that go on meanwhile."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from app.core.db import transaction
from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token
from app.inventory import service as inventory
from app.inventory.controls.schemas import MAX_CABINS_AT_ONCE
from app.inventory.errors import SoldOut
from app.inventory.schemas import SeatRequest
from tests.app.conftest import Owner
from tests.app.crowds import answered
from tests.app.departures import NOON, Departure, make_booking, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

NOW = NOON - timedelta(days=10)
LADDER = {"Y": 100, "M": 80, "K": 40}
# Days of the route that no other test uses.
_days = count(1)


class Desk:
    """Somebody of revenue management at the API."""

    def __init__(self, client: httpx2.AsyncClient, role: Role = Role.OPERATIONS) -> None:
        self._client = client
        self.user_id = uuid7()
        self._role = role

    def headers(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        token = mint_access_token(self.user_id, uuid7(), [self._role])
        return {"authorization": f"Bearer {token}", "idempotency-key": uuid7().hex} | (extra or {})

    async def read(self, departure: Departure) -> httpx2.Response:
        return await self._client.get(f"/v1/admin/flights/{key(departure)}/inventory", headers=self.headers())

    async def put(self, departure: Departure, etag: str | None, **cabin: Any) -> httpx2.Response:
        body = {"cabins": [{"cabin": "economy"} | cabin], "reason": "demand is higher"}
        extra = {} if etag is None else {"if-match": etag}
        return await self._client.put(
            f"/v1/admin/flights/{key(departure)}/controls", json=body, headers=self.headers(extra)
        )

    async def history(self, departure: Departure, query: str = "") -> Any:
        path = f"/v1/admin/flights/{key(departure)}/controls/history{query}"
        answer = await self._client.get(path, headers=self.headers())
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> httpx2.Response:
        return await self._client.post(
            f"/v1/admin/inventory/{path}", json=body, headers=self.headers(), timeout=30
        )

    async def list(self, query: str) -> httpx2.Response:
        return await self._client.get(f"/v1/admin/inventory?{query}", headers=self.headers())


@pytest.fixture
def desk(client: httpx2.AsyncClient) -> Desk:
    return Desk(client)


def key(departure: Departure) -> str:
    return encode("flt", departure.flight_id)


def on_a_day_of_its_own(owner: Owner, flights: int) -> tuple[str, list[Departure]]:
    """Departures of one local day, an hour apart, and that day."""
    leaves = NOON + timedelta(days=3000 + next(_days))
    made = [
        make_departure(owner, departs_at=leaves + timedelta(hours=hour), cabins={"economy": LADDER})
        for hour in range(flights)
    ]
    return leaves.date().isoformat(), made


async def sell(departure: Departure, fare_class: str, seats: int = 1) -> bool:
    try:
        async with transaction() as tx:
            await inventory.sell_seats(
                tx, [SeatRequest(departure.flight_id, "economy", fare_class, seats)], NOW
            )
    except SoldOut:
        return False
    return True


async def test_inventory_shows_limits_counters_and_what_is_open(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER, "business": {"J": 12}})
    await sell(departure, "K", 3)

    answer = await desk.read(departure)

    body = answer.json()
    assert (answer.headers["etag"], body["version"]) == ('"v2"', 2)
    economy = body["cabins"][0]
    assert (economy["capacity"], economy["authorised"], economy["overbooking_factor"]) == (100, 100, "1.000")
    assert economy["classes"][2] == {"fare_class": "K", "limit": 40, "held": 0, "sold": 3, "open": 37}
    assert [cabin["cabin"] for cabin in body["cabins"]] == ["economy", "business"]


async def test_overbooking_is_sold_to_exactly_what_is_authorised(desk: Desk, owner: Owner) -> None:
    """Buyers come while the control is being raised; in the end as many have bought as are authorised."""
    departure = make_departure(owner, cabins={"economy": {"Y": 20}})
    etag = (await desk.read(departure)).headers["etag"]

    sold = await asyncio.gather(*(sell(departure, "Y") for _ in range(15)))
    raised = await desk.put(departure, etag, overbooking_factor="1.1")
    sold += await asyncio.gather(*(sell(departure, "Y") for _ in range(15)))

    assert raised.status_code == 200, raised.text
    assert sum(sold) == 22
    cabin = (await desk.read(departure)).json()["cabins"][0]
    assert (cabin["authorised"], cabin["sold"], cabin["overbooking_factor"]) == (22, 22, "1.100")


async def test_of_many_editors_of_one_version_one_succeeds(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})
    etag = (await desk.read(departure)).headers["etag"]

    answers = await asyncio.gather(
        *(
            answered(lambda place=place: desk.put(departure, etag, authorised=101 + place))  # type: ignore[misc]
            for place in range(12)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 412} == {
        "precondition_failed"
    }
    assert len((await desk.history(departure))["data"]) == 1


async def test_editors_who_look_at_no_version_overwrite_each_other(desk: Desk, owner: Owner) -> None:
    """The control: with any version accepted, all twelve succeed and eleven changes are lost."""
    departure = make_departure(owner, cabins={"economy": LADDER})

    codes = [(await desk.put(departure, "*", authorised=101 + place)).status_code for place in range(12)]

    assert codes == [200] * 12
    assert (await desk.read(departure)).json()["cabins"][0]["authorised"] == 112


async def test_change_needs_the_version_it_was_decided_on(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})

    missing = await desk.put(departure, None, authorised=105)
    stale = await desk.put(departure, '"v7"', authorised=105)

    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("cabin", "status", "code"),
    [
        ({"authorised": 4}, 409, "controls_below_sold"),
        ({"authorised": 300}, 422, "overbooking_too_high"),
        ({"limits": {"Y": 100}}, 422, "controls_malformed"),
        ({"limits": {"Y": 100, "M": 50, "K": 60}}, 422, "controls_malformed"),
        ({"cabin": "first", "authorised": 4}, 404, "cabin_not_found"),
        ({}, 422, "malformed_request"),
        ({"authorised": 4, "overbooking_factor": "1"}, 422, "malformed_request"),
        ({"authorised": -1}, 422, "malformed_request"),
        ({"limits": {"y": 1}}, 422, "malformed_request"),
    ],
)
async def test_refused_controls_change_nothing(
    desk: Desk, owner: Owner, cabin: dict[str, Any], status: int, code: str
) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})
    await sell(departure, "M", 5)
    before = (await desk.read(departure)).json()

    answer = await desk.put(departure, '"v1"', **cabin)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await desk.read(departure)).json() == before
    assert (await desk.history(departure))["data"] == []


@pytest.mark.parametrize("reason", ["ok", "x" * 201, "card 4111 1111 1111 1111", "ask ada@example.com"])
async def test_reason_is_short_and_holds_nobodys_data(desk: Desk, owner: Owner, reason: str) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})
    item = {"flight_id": key(departure), "cabin": "economy", "version": 1, "authorised": 90}

    answer = await desk.post("controls", {"items": [item], "reason": reason})

    # A card number is refused at the edge already, before the route looks at it.
    code = "card_number_refused" if reason.startswith("card") else "malformed_request"
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_dead_holds_stand_in_nobodys_way(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})
    async with transaction() as tx:
        request = SeatRequest(departure.flight_id, "economy", "Y", 60)
        past = NOW - timedelta(days=3000)
        await inventory.hold_seats(tx, make_booking(owner), [request], past, past + timedelta(minutes=1))
    owner.execute("update app.seat_holds set expires_at = now() - interval '1 minute' where flight_id = %s",
                  (departure.flight_id,))  # fmt: skip

    answer = await desk.put(departure, '"v1"', authorised=50)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["cabins"][0]["held"], answer.headers["etag"]) == (0, '"v2"')


async def test_history_says_who_changed_what_from_what_and_why(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})
    await desk.put(departure, '"v1"', limits={"Y": 110, "M": 70, "K": 30})
    await desk.put(departure, '"v2"', authorised=90)

    changes = (await desk.history(departure))["data"]

    assert [change["version"] for change in changes] == [3, 2]
    assert changes[1] | {"changed_at": None, "request_id": None} == {
        "version": 2,
        "cabin": "economy",
        "capacity_before": 100,
        "capacity_after": 100,
        "authorised_before": 100,
        "authorised_after": 110,
        "limits_before": LADDER,
        "limits_after": {"Y": 110, "M": 70, "K": 30},
        "reason": "demand is higher",
        "changed_by": str(desk.user_id),
        "changed_at": None,
        "request_id": None,
    }
    told = owner.execute(
        "select payload ->> 'authorised', payload ->> 'authorised_before' from app.domain_events "
        "where type = 'InventoryUpdated' and entity_id = %s order by id",
        (departure.flight_id,),
    ).fetchall()
    assert told == [("110", "100"), ("90", "110")]


async def test_history_is_read_in_pages(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": LADDER})
    for place in range(3):
        await desk.put(departure, "*", authorised=101 + place)

    first = await desk.history(departure, "?limit=2")
    rest = await desk.history(departure, f"?limit=2&after={first['meta']['after']}")
    back = await desk.history(departure, f"?limit=2&before={rest['meta']['before']}")

    assert [change["version"] for change in first["data"] + rest["data"]] == [4, 3, 2]
    assert back["data"] == first["data"]


async def test_route_is_listed_with_its_versions(desk: Desk, owner: Owner) -> None:
    day, departures = on_a_day_of_its_own(owner, 3)
    query = f"origin=JFK&destination=LAX&departs_from={day}&departs_to={day}"

    first = (await desk.list(f"{query}&limit=2")).json()
    rest = (await desk.list(f"{query}&limit=2&after={first['meta']['after']}")).json()

    listed = [flight["flight_id"] for flight in first["data"] + rest["data"]]
    assert sorted(listed) == sorted(key(departure) for departure in departures)
    assert {flight["version"] for flight in first["data"] + rest["data"]} == {1}


async def test_batch_tells_each_cabin_apart_and_holds_up_none(desk: Desk, owner: Owner) -> None:
    _, (good, stale, full, same) = on_a_day_of_its_own(owner, 4)
    await sell(full, "Y", 60)
    limits = {"Y": 105, "M": 60, "K": 20}

    def item(flight_id: str, version: int = 1, **controls: Any) -> dict[str, Any]:
        return {"flight_id": flight_id, "cabin": "economy", "version": version} | controls

    body = {
        "items": [
            item(key(good), limits=limits),
            item(key(stale), version=9, limits=limits),
            item(key(full), authorised=50),
            item(key(same), authorised=100),
            item(encode("flt", uuid7()), authorised=50),
        ],
        "reason": "nightly optimisation",
    }
    answer = await desk.post("controls", body)

    assert answer.status_code == 200, answer.text
    told = [(each["outcome"], each["version"], each["code"]) for each in answer.json()["results"]]
    assert told == [
        ("applied", 2, None),
        ("stale", 1, None),
        ("refused", 1, "controls_below_sold"),
        ("unchanged", 1, None),
        ("unknown", None, None),
    ]
    assert answer.json()["applied"] == 1
    assert (await desk.read(good)).json()["cabins"][0]["classes"][1]["limit"] == 60


async def test_program_that_decided_on_an_old_version_changes_nothing(desk: Desk, owner: Owner) -> None:
    """Two runs of the same optimisation: the second finds every version taken."""
    _, departures = on_a_day_of_its_own(owner, 5)
    items = [
        {"flight_id": key(each), "cabin": "economy", "version": 1, "authorised": 104} for each in departures
    ]
    body = {"items": items, "reason": "nightly optimisation"}

    answers = await asyncio.gather(*(desk.post("controls", body) for _ in range(4)))

    assert sorted(answer.json()["applied"] for answer in answers) == [0, 0, 0, 5]
    assert {(await desk.read(each)).json()["version"] for each in departures} == {2}


async def test_filter_sets_one_rule_for_a_route_and_its_days(desk: Desk, owner: Owner) -> None:
    day, departures = on_a_day_of_its_own(owner, 3)
    await sell(departures[2], "K", 40)
    body = {
        "filter": {"origin": "JFK", "destination": "LAX", "departs_from": day, "departs_to": day},
        "cabin": "economy",
        "overbooking_factor": "1.05",
        "limit_shares": {"Y": "1", "M": "0.5", "K": "0.25"},
        "reason": "summer plan",
    }

    tried = (await desk.post("controls/by-filter", body | {"dry_run": True})).json()
    assert {(await desk.read(each)).json()["version"] for each in departures} == {1}
    applied = (await desk.post("controls/by-filter", body)).json()

    assert (tried["applied"], applied["applied"], applied["after"]) == (2, 2, None)
    assert sorted(each["outcome"] for each in applied["results"]) == ["applied", "applied", "refused"]
    cabin = (await desk.read(departures[0])).json()["cabins"][0]
    assert [each["limit"] for each in cabin["classes"]] == [105, 52, 26]


async def test_filter_goes_by_weekday_and_in_steps(
    desk: Desk, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inventory.controls.service.FILTER_FLIGHTS", 2)
    day, departures = on_a_day_of_its_own(owner, 3)
    weekday = departures[0].departs_at.isoweekday()
    body: dict[str, Any] = {
        "filter": {"origin": "JFK", "destination": "LAX", "departs_from": day, "departs_to": day},
        "cabin": "economy",
        "overbooking_factor": "1.02",
        "reason": "summer plan",
    }
    none = await desk.post(
        "controls/by-filter", body | {"filter": body["filter"] | {"weekdays": [weekday % 7 + 1]}}
    )
    first = (await desk.post("controls/by-filter", body)).json()
    rest = (await desk.post("controls/by-filter", body | {"after": first["after"]})).json()

    assert none.json()["results"] == []
    assert (first["applied"], rest["applied"], rest["after"]) == (2, 1, None)


async def test_controls_and_sales_at_once_never_oversell(desk: Desk, owner: Owner) -> None:
    departure = make_departure(owner, cabins={"economy": {"Y": 30, "K": 30}})

    async def squeeze(authorised: int) -> httpx2.Response:
        return await answered(
            lambda: desk.put(departure, "*", limits={"Y": authorised, "K": authorised // 2})
        )

    work: list[Any] = [sell(departure, "YK"[place % 2]) for place in range(40)]
    work += [squeeze(authorised) for authorised in (25, 20, 30, 15, 10)]
    results = await asyncio.gather(*work)

    refused = {r.json()["code"] for r in results if isinstance(r, httpx2.Response) and r.status_code != 200}
    assert refused <= {"controls_below_sold"}
    cabin = (await desk.read(departure)).json()["cabins"][0]
    assert cabin["sold"] == sum(result is True for result in results)
    assert cabin["sold"] <= cabin["authorised"]


async def test_as_many_cabins_as_the_document_allows_fit_into_a_request(client: httpx2.AsyncClient) -> None:
    """500 of them were allowed and 64 kB of body, which is 300."""
    classes = dict.fromkeys(("J", "C", "D", "Y", "B", "M", "H", "Q", "K"), 150)
    items = [
        {"flight_id": encode("flt", uuid7()), "cabin": "economy", "version": 1, "limits": classes}
        for _ in range(MAX_CABINS_AT_ONCE)
    ]
    token = mint_access_token(uuid7(), uuid7(), [Role.ADMIN])

    answer = await client.post(
        "/v1/admin/inventory/controls",
        json={"items": items, "reason": "the whole of the winter"},
        headers={"authorization": f"Bearer {token}", "idempotency-key": uuid7().hex},
        timeout=30,
    )

    assert answer.status_code == 200, answer.text[:300]
    assert len(answer.json()["results"]) == MAX_CABINS_AT_ONCE

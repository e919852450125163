"""The timetable as operations keeps it: one row a weekday, no overlap, one editor at a time."""

from itertools import count
from typing import Any

import pytest

from app.core.ids import encode, uuid7
from tests.app.conftest import Owner
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

PATH = "/v1/admin/schedules"
_numbers = count(100)


def schedule(**changes: Any) -> dict[str, Any]:
    return {
        "airline": "ZQ",
        "flight_number": str(next(_numbers)),
        "origin": "JFK",
        "destination": "LAX",
        "weekdays": [1, 3],
        "departs_local": "08:15:00",
        "arrives_local": "11:20:00",
        "valid_from": "2033-03-01",
        "valid_to": "2033-05-31",
        "aircraft_type": "A320-232",
    } | changes


async def make(operator: Operator, **changes: Any) -> list[dict[str, Any]]:
    answer = await operator.post(PATH, schedule(**changes))
    assert answer.status_code == 201, answer.text
    return list(answer.json()["data"])


async def test_each_weekday_becomes_a_schedule_of_its_own(operator: Operator) -> None:
    made = await make(operator, weekdays=[7, 1, 3])

    assert [each["weekday"] for each in made] == [1, 3, 7]
    assert {each["version"] for each in made} == {1}


async def test_an_overlap_is_refused_by_name_and_nothing_of_the_request_stays(
    operator: Operator, owner: Owner
) -> None:
    (made,) = await make(operator, weekdays=[3])
    same = {"flight_number": made["flight_number"], "valid_to": "2033-07-31"}

    clash = await operator.post(PATH, schedule(**same, weekdays=[1, 3], valid_from="2033-05-01"))
    beside = await operator.post(PATH, schedule(**same, weekdays=[3], valid_from="2033-06-01"))

    assert (clash.status_code, clash.json()["code"]) == (409, "schedule_overlaps")
    assert beside.status_code == 201
    rows = owner.execute(
        "select weekday from app.schedules where airline = 'ZQ' and flight_number = %s",
        (made["flight_number"],),
    ).fetchall()
    assert rows == [(3,), (3,)]


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"airline": "XX"}, "reference_unknown", "/airline"),
        ({"origin": "QQQ"}, "reference_unknown", "/origin"),
        ({"destination": "QQQ"}, "reference_unknown", "/destination"),
        ({"aircraft_type": "Concorde"}, "reference_unknown", "/aircraft_type"),
        ({"destination": "JFK"}, "schedule_impossible", "/destination"),
        ({"valid_to": "2033-02-01"}, "schedule_impossible", "/valid_to"),
        ({"valid_to": "2033-03-01", "weekdays": [7]}, "schedule_impossible", "/valid_to"),
        ({"valid_to": "2043-03-01"}, "schedule_impossible", "/valid_to"),
        ({"arrives_day_offset": -1}, "schedule_impossible", "/arrives_day_offset"),
        ({"arrives_day_offset": 2}, "schedule_impossible", "/arrives_day_offset"),
        ({"departs_local": "08:15:30"}, "malformed_request", "/departs_local"),
        ({"departs_local": "08:15:00Z"}, "malformed_request", "/departs_local"),
        ({"weekdays": []}, "malformed_request", "/weekdays"),
        ({"weekdays": [1, 1]}, "malformed_request", "/weekdays"),
        ({"weekdays": [8]}, "malformed_request", "/weekdays/0"),
        ({"flight_number": "0615"}, "malformed_request", "/flight_number"),
        ({"captain": "Ada"}, "malformed_request", "/captain"),
    ],
)
async def test_a_schedule_that_cannot_be_is_refused_where_it_is_wrong(
    operator: Operator, changes: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await operator.post(PATH, schedule(**changes))

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_editing_needs_the_version_that_was_read(operator: Operator) -> None:
    (made,) = await make(operator, weekdays=[1])
    path = f"{PATH}/{made['id']}"
    etag = (await operator.get(path)).headers["etag"]

    blind = await operator.patch(path, {"departs_local": "09:00:00"}, None)
    first = await operator.patch(path, {"departs_local": "09:00:00"}, etag)
    second = await operator.patch(path, {"departs_local": "10:00:00"}, etag)

    assert (blind.status_code, second.status_code) == (428, 412)
    assert (first.status_code, first.json()["departs_local"], first.json()["version"]) == (200, "09:00:00", 2)
    assert first.headers["etag"] != etag
    assert (await operator.get(path)).json()["departs_local"] == "09:00:00"


async def test_an_edit_into_an_overlap_is_refused_and_one_of_nothing_is_malformed(operator: Operator) -> None:
    (made,) = await make(operator, weekdays=[1])
    later = {"flight_number": made["flight_number"], "valid_from": "2033-06-06", "valid_to": "2033-07-31"}
    (other,) = await make(operator, weekdays=[1], **later)

    clash = await operator.patch(f"{PATH}/{other['id']}", {"valid_from": "2033-05-30"}, "*")
    nothing = await operator.patch(f"{PATH}/{other['id']}", {}, "*")

    assert (clash.status_code, clash.json()["code"]) == (409, "schedule_overlaps")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "malformed_request")


async def test_what_was_never_flown_can_go_and_what_was_stays(operator: Operator) -> None:
    idle, used = await make(operator, weekdays=[1, 3])
    body = {"first": "2033-03-02", "last": "2033-03-02", "schedule_id": used["id"]}
    generated = await operator.post("/v1/admin/flights/generate", body)

    gone = await operator.delete(f"{PATH}/{idle['id']}", '"v1"')
    kept = await operator.delete(f"{PATH}/{used['id']}", '"v1"')
    again = await operator.get(f"{PATH}/{idle['id']}")

    assert generated.json()["made"] == 1, generated.text
    assert (gone.status_code, again.status_code) == (204, 404)
    assert (kept.status_code, kept.json()["code"]) == (409, "schedule_in_use")


async def test_the_list_is_read_in_pages_and_by_what_is_asked(operator: Operator) -> None:
    made = await make(operator, weekdays=[1, 2, 3, 4, 5])
    asked = {"airline": "ZQ", "flight_number": made[0]["flight_number"]}

    first = (await operator.get(PATH, **asked, limit=3)).json()
    rest = (await operator.get(PATH, **asked, limit=3, after=first["meta"]["after"])).json()
    back = (await operator.get(PATH, **asked, limit=3, before=rest["meta"]["before"])).json()
    tuesdays = (await operator.get(PATH, **asked, on="2033-03-08")).json()
    never = (await operator.get(PATH, **asked, on="2034-03-07")).json()

    assert sorted(each["weekday"] for each in [*first["data"], *rest["data"]]) == [1, 2, 3, 4, 5]
    assert (rest["meta"]["after"], back["data"]) == (None, first["data"])
    assert [each["weekday"] for each in tuesdays["data"]] == [2]
    assert never["data"] == []


async def test_who_changed_a_schedule_is_in_the_audit_log(operator: Operator, owner: Owner) -> None:
    (made,) = await make(operator, weekdays=[1])
    await operator.patch(f"{PATH}/{made['id']}", {"departs_local": "09:00:00"}, '"v1"')

    rows = owner.execute(
        "select action, before ->> 'departs_local', after ->> 'departs_local' from app.audit_entries "
        "where entity_type = 'schedule' and after ->> 'id' = %s order by action",
        (made["id"],),
    ).fetchall()

    assert rows == [("schedule.changed", "08:15:00", "09:00:00"), ("schedule.created", None, "08:15:00")]


async def test_an_unknown_schedule_is_a_problem(operator: Operator) -> None:
    path = f"{PATH}/{encode('sch', uuid7())}"

    assert (await operator.get(path)).json()["code"] == "schedule_not_found"
    assert (await operator.delete(path, "*")).status_code == 404

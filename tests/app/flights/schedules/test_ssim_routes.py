"""SSIM documents over HTTP: out, in, in again, and refused by line."""

from typing import Any

import pytest

from tests.app.conftest import Owner
from tests.app.flights.schedules.test_schedules import make
from tests.app.operators import Operator

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

PATH = "/v1/admin/ssim"


async def export(operator: Operator, year: int, mode: str = "L") -> str:
    asked = {"airline": "ZQ", "first": f"{year}-01-01", "last": f"{year}-12-31", "mode": mode}
    answer = await operator.get(PATH, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


def rows_of(owner: Owner, number: str) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select weekday, departs_local::text, arrives_local::text, arrives_day_offset, valid_from::text, "
        "valid_to::text, aircraft_type from app.schedules where airline = 'ZQ' and flight_number = %s "
        "order by weekday, valid_from",
        (number,),
    ).fetchall()


def forget(owner: Owner, number: str) -> None:
    owner.execute("delete from app.schedules where airline = 'ZQ' and flight_number = %s", (number,))


async def period(operator: Operator, year: int, **more: Any) -> str:
    """A flight number alone in its year, so that documents hold nothing else."""
    made = await make(operator, valid_from=f"{year}-02-01", valid_to=f"{year}-11-30", **more)
    return str(made[0]["flight_number"])


@pytest.mark.parametrize(("mode", "year"), [("L", 2041), ("U", 2042)])
async def test_what_was_exported_is_imported_as_it_was(
    operator: Operator, owner: Owner, mode: str, year: int
) -> None:
    late = {"departs_local": "22:10:00", "arrives_local": "01:25:00", "arrives_day_offset": 1}
    number = await period(operator, year, weekdays=[2, 4], **late)
    text = await export(operator, year, mode)
    forget(owner, number)

    imported = await operator.send_text(PATH, text)
    again = await operator.send_text(PATH, text)

    assert imported.status_code == 200, imported.text
    assert imported.json() == {"made": 2, "known": 0, "ignored_legs": 0, "is_dry_run": False}
    assert again.json() == {"made": 0, "known": 2, "ignored_legs": 0, "is_dry_run": False}
    rows = rows_of(owner, number)
    assert [row[:4] for row in rows] == [(2, "22:10:00", "01:25:00", 1), (4, "22:10:00", "01:25:00", 1)]
    assert {row[6] for row in rows} == {"A320-232"}


async def test_a_dry_run_counts_and_writes_nothing(operator: Operator, owner: Owner) -> None:
    number = await period(operator, 2043, weekdays=[1])
    text = await export(operator, 2043)
    forget(owner, number)

    answer = await operator.send_text(f"{PATH}?dry_run=true", text)

    assert answer.json() == {"made": 1, "known": 0, "ignored_legs": 0, "is_dry_run": True}
    assert rows_of(owner, number) == []


async def test_a_longer_period_adds_what_is_new_of_it(operator: Operator, owner: Owner) -> None:
    number = await period(operator, 2044, weekdays=[1])
    text = await export(operator, 2044)
    owner.execute(
        "update app.schedules set valid_to = '2044-05-30' where airline = 'ZQ' and flight_number = %s",
        (number,),
    )

    answer = await operator.send_text(PATH, text)

    assert answer.json()["made"] == 1, answer.text
    assert [row[4:6] for row in rows_of(owner, number)] == [
        ("2044-02-01", "2044-05-30"),
        ("2044-06-06", "2044-11-28"),
    ]


async def test_every_line_that_is_wrong_is_named_and_nothing_is_imported(
    operator: Operator, owner: Owner
) -> None:
    number = await period(operator, 2045, weekdays=[1])
    rows = (await export(operator, 2045)).splitlines()
    forget(owner, number)
    legs = [place for place, row in enumerate(rows) if row[0] == "3"]
    rows[legs[0]] = rows[legs[0]].replace("LAX", "QQQ")
    rows[legs[1]] = rows[legs[1]].replace("JFK0815", "JFK9915").replace("08150815", "08159915")

    answer = await operator.send_text(PATH, "\n".join(rows))

    assert (answer.status_code, answer.json()["code"]) == (422, "ssim_refused")
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers[0] == f"/(line)/{legs[0] + 1}/55-57"
    assert rows_of(owner, number) == []


async def test_a_leg_that_contradicts_the_timetable_is_told_by_its_line(operator: Operator) -> None:
    await period(operator, 2046, weekdays=[1])
    text = await export(operator, 2046)

    answer = await operator.send_text(PATH, text.replace("JFK08150815", "JFK09150915"))

    assert answer.status_code == 422
    assert "has a schedule from 2046-02-05" in answer.json()["errors"][0]["detail"]


async def test_iatas_code_alone_finds_an_aircraft(operator: Operator, owner: Owner) -> None:
    number = await period(operator, 2047, weekdays=[1], aircraft_type="EMB-145LR")
    rows = (await export(operator, 2047)).splitlines()
    forget(owner, number)
    other = [f"{row[:30]}999{row[33:]}" if row[0] == "4" else row for row in rows]

    answer = await operator.send_text(PATH, "\n".join(other))

    assert answer.json()["made"] == 1, answer.text
    assert rows_of(owner, number)[0][6] == "EMB-145LR"


async def test_an_aircraft_nobody_has_is_told_by_its_line(operator: Operator) -> None:
    await period(operator, 2048, weekdays=[1])
    text = (await export(operator, 2048)).replace("A320-232", "B-52    ")

    answer = await operator.send_text(PATH, text)

    assert "no aircraft type of ours" in answer.json()["errors"][0]["detail"]


async def test_a_document_may_be_larger_than_other_bodies(operator: Operator) -> None:
    padding = "\n".join(["0" * 200] * 1_000)

    answer = await operator.send_text(PATH, padding)

    assert (answer.status_code, answer.json()["code"]) == (422, "ssim_refused")


async def test_an_airline_that_is_none_of_ours_has_no_document(operator: Operator) -> None:
    answer = await operator.get(PATH, airline="XX", first="2033-01-01", last="2033-02-01")

    assert (answer.status_code, answer.json()["code"]) == (422, "reference_unknown")


async def test_json_is_no_document(operator: Operator) -> None:
    answer = await operator.client.post(PATH, json={"a": 1}, headers=operator.headers())

    assert answer.status_code in (415, 422)

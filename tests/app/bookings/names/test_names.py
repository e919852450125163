"""A slip of the pen is put right; another person is not put in."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.names.rules import Correction, Name, correction, distance
from tests.app.bookings.travellers import Traveller, departing, event_types, key_of
from tests.app.conftest import Owner

words = st.text(alphabet="abcdef", max_size=8)


@pytest.mark.parametrize(
    ("before", "after", "letters"),
    [
        ("Ada", "Ada", 0),
        ("Ada", "Adda", 1),
        ("Ada", "Aad", 1),
        ("Ferry", "Feery", 1),
        ("Ferry", "Fer", 2),
        ("Jose", "José", 0),
        ("oneil", "O'Neil", 0),
        ("Li", "Wu", 2),
        ("И", "Й", 0),
    ],
)
def test_letters_are_counted_not_spelling(before: str, after: str, letters: int) -> None:
    assert distance(before, after) == letters


@given(before=words, after=words)
def test_distance_is_the_same_both_ways_and_no_longer_than_the_words(before: str, after: str) -> None:
    assert distance(before, after) == distance(after, before) <= max(len(before), len(after))
    assert (distance(before, after) == 0) == (before == after)


def test_names_in_each_others_place_count_for_nothing() -> None:
    assert correction(Name("Ferry", "Ada"), Name("Ada", "Ferry")) == Correction(0, is_swap=True)


async def correct(
    traveller: Traveller, booking: dict[str, Any], name: dict[str, str], etag: str | None = "*"
) -> httpx2.Response:
    path = f"/v1/bookings/{booking['id']}/passengers/{booking['passengers'][0]['id']}"
    headers = traveller.headers() | ({} if etag is None else {"if-match": etag})
    return await traveller.client.patch(path, json=name, headers=headers)


@pytest.mark.anyio
@pytest.mark.postgres
class TestThroughTheApi:
    async def test_slip_is_put_right_and_nobody_else_hears_the_name(
        self, traveller: Traveller, owner: Owner
    ) -> None:
        booking = await traveller.book(departing(owner), ("adult", "adult"))
        await traveller.pay(booking)

        answer = await correct(traveller, booking, {"family_name": "Ferri"})

        assert answer.status_code == 200, answer.text
        assert answer.json()["passengers"][0]["family_name"] == "Ferri"
        assert (await traveller.read(booking))["passengers"][0]["family_name"] == "Ferri"
        assert event_types(owner, booking)[-1] == "PassengerNameCorrected"
        history = (await traveller.get(f"/v1/bookings/{booking['id']}/history")).text
        assert "Ferri" not in history
        kept = owner.execute(
            "select distinct_surnames, cardinality(surname_hashes) from app.bookings where id = %s",
            (key_of(booking),),
        ).fetchone()
        assert kept == (2, 2)

    async def test_corrections_do_not_add_up_to_another_person(
        self, traveller: Traveller, owner: Owner
    ) -> None:
        booking = await traveller.book(departing(owner))
        await traveller.pay(booking)
        first = await correct(traveller, booking, {"given_name": "Eve"})

        second = await correct(traveller, booking, {"family_name": "Ferr"})

        assert first.status_code == 200
        assert (second.status_code, second.json()["code"]) == (409, "name_too_different")
        assert (await correct(traveller, booking, {"given_name": "Ferry", "family_name": "Eve"})).is_success

    @pytest.mark.parametrize("name", [{"given_name": "Charles"}, {"given_name": "Bo", "family_name": "Li"}])
    async def test_another_name_is_refused(
        self, traveller: Traveller, owner: Owner, name: dict[str, str]
    ) -> None:
        booking = await traveller.book(departing(owner))

        answer = await correct(traveller, booking, name)

        assert (answer.status_code, answer.json()["code"]) == (409, "name_too_different")
        assert (await traveller.read(booking))["passengers"][0]["given_name"] == "Ada"

    async def test_who_is_checked_in_keeps_the_name(self, traveller: Traveller, owner: Owner) -> None:
        booking = await traveller.book(departing(owner))
        await traveller.pay(booking)
        owner.execute(
            "update app.coupons set status = 'checked_in' where booking_id = %s", (key_of(booking),)
        )

        answer = await correct(traveller, booking, {"given_name": "Ida"})

        assert (answer.status_code, answer.json()["code"]) == (409, "name_not_correctable")
        assert "correct_names" not in (await traveller.read(booking))["available_actions"]

    async def test_who_is_erased_has_no_name_to_correct(self, traveller: Traveller, owner: Owner) -> None:
        booking = await traveller.book(departing(owner))
        owner.execute(
            "delete from vault.people where subject_id in "
            "(select subject_id from app.passengers where booking_id = %s)",
            (key_of(booking),),
        )

        answer = await correct(traveller, booking, {"given_name": "Ida"})

        assert (answer.status_code, answer.json()["code"]) == (409, "name_not_correctable")

    async def test_version_that_was_read_is_asked_for(self, traveller: Traveller, owner: Owner) -> None:
        booking = await traveller.book(departing(owner))
        etag = (await traveller.get(f"/v1/bookings/{booking['id']}")).headers["etag"]

        missing = await correct(traveller, booking, {"given_name": "Ida"}, etag=None)
        good = await correct(traveller, booking, {"given_name": "Ida"}, etag=etag)
        stale = await correct(traveller, booking, {"given_name": "Ada"}, etag=etag)

        assert [missing.status_code, good.status_code, stale.status_code] == [428, 200, 412]
        assert good.headers["etag"] != etag

    @pytest.mark.parametrize("name", [{}, {"given_name": "4111111111111111"}, {"given_name": ""}])
    async def test_what_is_no_name_is_refused(
        self, traveller: Traveller, owner: Owner, name: dict[str, str]
    ) -> None:
        booking = await traveller.book(departing(owner))

        assert (await correct(traveller, booking, name)).status_code == 422

    async def test_nothing_of_a_name_is_kept_outside_of_the_vault(
        self, traveller: Traveller, owner: Owner
    ) -> None:
        booking = await traveller.book(departing(owner))
        await correct(traveller, booking, {"given_name": "Idaq"})

        kept = owner.execute(
            "select to_jsonb(c)::text from app.name_corrections c join app.passengers p "
            "on p.id = c.passenger_id where p.booking_id = %s",
            (key_of(booking),),
        ).fetchall()

        assert len(kept) == 1
        assert "idaq" not in json.dumps([str(row) for row in kept]).casefold()

    async def test_past_departure_names_stay(self, traveller: Traveller, owner: Owner) -> None:
        departure = departing(owner)
        booking = await traveller.book(departure)
        await traveller.pay(booking)
        gone = traveller.at(departure.departs_at + timedelta(hours=1))

        answer = await correct(gone, booking, {"given_name": "Ida"})

        assert (answer.status_code, answer.json()["code"]) == (409, "name_not_correctable")

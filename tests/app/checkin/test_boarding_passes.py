"""Passes through the API: what they say, and that their pictures hold it."""

import io
from datetime import date
from typing import Any

import pytest
from PIL import Image

from app.checkin import bcbp
from tests.app.bookings.travellers import Traveller, departing, key_of
from tests.app.checkin.gates import buy, check_in, on_the_day, passes, refusal
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

NAMES = [
    ("Ada", "Lovelace", "LOVELACE/ADA"),
    ("X", "Q", "Q/X"),
    ("Seán", "O'Brien-Ó Dálaigh", "OBRIEN O DALAIGH/SEA"),
    ("Юлия", "Щербакова", "SHCHERBAKOVA/IULIIA"),
    ("小明", "王", "WANG/XIAO MING"),
]


async def buy_as(
    traveller: Traveller, owner: Owner, given_name: str, family_name: str
) -> tuple[Departure, dict[str, Any]]:
    departure = departing(owner)
    offer = await traveller.offer(departure)
    body = {
        "offer_id": offer["id"],
        "passengers": [{"type": "adult", "given_name": given_name, "family_name": family_name}],
        "contact": {"email": "ada.ferry@example.com"},
    }
    booking = (await traveller.post("/v1/bookings", body)).json()
    await traveller.pay(booking)
    return departure, await traveller.read(booking)


@pytest.mark.parametrize(("given_name", "family_name", "written"), NAMES)
async def test_names_of_every_script_reach_the_pass(
    traveller: Traveller, owner: Owner, given_name: str, family_name: str, written: str
) -> None:
    departure, booking = await buy_as(traveller, owner, given_name, family_name)
    today = on_the_day(traveller, departure)
    await check_in(today, booking)

    (issued,) = await passes(today, booking)

    assert (issued["given_name"], issued["family_name"]) == (given_name, family_name)
    assert bcbp.decode(issued["barcode"]).name == written
    issued["barcode"].encode("ascii")


async def test_the_pass_says_what_the_booking_says(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure, ("adult", "infant"))
    today = on_the_day(traveller, departure)
    await check_in(today, booking)

    issued = await passes(today, booking)

    flight = booking["slices"][0]["segments"][0]
    day = date.fromisoformat(flight["departs_local"][:10]).timetuple().tm_yday
    tickets = {ticket["passenger_id"]: ticket["number"] for ticket in booking["tickets"]}
    for each in issued:
        scanned = bcbp.decode(each["barcode"])
        said = (scanned.pnr, scanned.airline, scanned.flight_number, scanned.origin, scanned.destination)
        assert said == (
            booking["pnr"], flight["airline"], flight["flight_number"], flight["origin"],
            flight["destination"],
        )  # fmt: skip
        assert (scanned.day_of_year, scanned.sequence_number) == (day, each["sequence_number"])
        number = scanned.conditional["ticket_airline"] + scanned.conditional["ticket_serial"]
        assert number == tickets[each["passenger_id"]] == each["ticket_number"]
    assert sorted(bcbp.decode(each["barcode"]).conditional["description"] for each in issued) == ["0", "4"]


async def test_pictures_are_the_same_bytes_each_time(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today = on_the_day(traveller, departure)
    await check_in(today, booking)
    (issued,) = await passes(today, booking)

    png = await today.get(issued["barcode_png"])
    svg = await today.get(issued["barcode_svg"])
    again = await today.get(issued["barcode_png"])

    assert (png.headers["content-type"], svg.headers["content-type"]) == ("image/png", "image/svg+xml")
    image = Image.open(io.BytesIO(png.content))
    assert image.width == image.height > 200
    assert svg.content.lstrip().startswith(b"<?xml")
    assert again.content == png.content


async def test_there_is_no_pass_before_check_in_nor_after_it_is_taken_back(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today = on_the_day(traveller, departure)
    before = await passes(today, booking)
    await check_in(today, booking)
    (issued,) = await passes(today, booking)
    path = f"/v1/bookings/{booking['id']}/boarding-passes/{issued['coupon_id']}"
    meanwhile = await today.get(path)

    await today.post(f"/v1/bookings/{booking['id']}/check-in/undo", {})

    assert before == []
    assert meanwhile.json() == issued
    assert refusal(await today.get(path)) == (404, "boarding_pass_not_found")


async def test_without_a_name_there_is_no_pass(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today = on_the_day(traveller, departure)
    await check_in(today, booking)
    owner.execute(
        "delete from vault.people where subject_id in "
        "(select subject_id from app.passengers where booking_id = %s)",
        (key_of(booking),),
    )

    answer = await today.get(f"/v1/bookings/{booking['id']}/boarding-passes")

    assert refusal(answer) == (409, "name_erased")

"""A card number is refused wherever it is written, and nothing else is."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.card_numbers import holds_card_number

VISA, MASTERCARD, AMEX, DINERS = "4111111111111111", "5555555555554444", "378282246310005", "30569309025904"


def check_digit(digits: str) -> str:
    """By the table of the standard, so that the test does not repeat the code."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(doubled[int(d)] if place % 2 == 0 else int(d) for place, d in enumerate(reversed(digits)))
    return str(-total % 10)


def grouped(digits: str, separator: str) -> str:
    return separator.join(digits[start : start + 4] for start in range(0, len(digits), 4))


@given(
    first=st.sampled_from("3456"),
    rest=st.text("0123456789", min_size=12, max_size=17),
    separator=st.sampled_from(["", " ", "-"]),
    around=st.sampled_from([("", ""), ("my card is ", "."), ("(", ")"), ("Karte:", "\n"), ("n°", ", ok")]),
)
def test_every_card_number_is_seen_in_any_text(
    first: str, rest: str, separator: str, around: tuple[str, str]
) -> None:
    number = first + rest + check_digit(first + rest)
    if len(set(number)) == 1:
        return

    assert holds_card_number(around[0] + grouped(number, separator) + around[1])


@given(rest=st.text("0123456789", min_size=14, max_size=14), wrong=st.integers(1, 9))
def test_wrong_check_digit_is_no_card(rest: str, wrong: int) -> None:
    digits = "4" + rest
    assert not holds_card_number(digits + str((int(check_digit(digits)) + wrong) % 10))


@pytest.mark.parametrize(
    "text",
    [
        "+4915112345678901",
        "9790123456789",
        "2026-11-23T08:15:00.000000Z",
        "call 212 555 0123",
        "0000000000000000",
        "tok_ok_US_4242",
        "ticket 1234567890123",
        "pay_01a208454ed1777480453c0d792cf84e",
        "01a20845-4ed1-77ff-bf81-70ce9aeadc10",
        "x4111111111111111",
    ],
)
def test_what_only_looks_long_is_let_through(text: str) -> None:
    assert not holds_card_number(text)


@pytest.mark.parametrize("number", [VISA, MASTERCARD, AMEX, DINERS, "４１１１１１１１１１１１１１１１"])
def test_known_test_cards_are_seen(number: str) -> None:
    assert holds_card_number(number)


BOOKING = "/v1/bookings"
PASSENGER = {"type": "adult", "given_name": "Ada", "family_name": "Ferry"}


@pytest.mark.anyio
@pytest.mark.postgres
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"passengers": [PASSENGER | {"given_name": f"Ada {VISA}"}]}, "/passengers/0/given_name"),
        ({"contact": {"phone": grouped(MASTERCARD, " ")}}, "/contact/phone"),
        ({"note": {"deep": [AMEX]}}, "/note/deep/0"),
        ({"card": int(VISA)}, "/card"),
        ({VISA: 1}, "/"),
    ],
)
async def test_card_number_in_a_body_is_refused_and_not_repeated(
    client: httpx2.AsyncClient, body: dict[str, Any], pointer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await client.post(BOOKING, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_refused")
    assert answer.json()["errors"][0]["pointer"] == pointer
    for number in (VISA, MASTERCARD, AMEX):
        assert number not in answer.text
        assert number not in capsys.readouterr().out


@pytest.mark.anyio
@pytest.mark.postgres
async def test_card_number_in_an_address_or_a_key_is_refused(client: httpx2.AsyncClient) -> None:
    in_path = await client.get(f"/v1/payments/{VISA}")
    in_query = await client.get("/v1/airports", params={"q": grouped(VISA, " ")})
    in_key = await client.post(BOOKING, json={}, headers={"idempotency-key": VISA})
    escaped = await client.post(
        BOOKING,
        content='{"note": "\\u0034111111111111111"}',
        headers={"content-type": "application/json"},
    )

    for answer in (in_path, in_query, in_key, escaped):
        assert (answer.status_code, answer.json()["code"]) == (422, "card_number_refused")

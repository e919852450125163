"""Ids, money, hashes, cursors, people's addresses, geography: plain values, no database."""

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core import geography, hashes, ids
from app.core.context import RequestContext, bind
from app.core.entities import entities
from app.core.money import Money, share_out
from app.core.people import EmailAddress, PhoneNumber


def test_uuid7_never_goes_back_and_carries_its_time() -> None:
    made = [ids.uuid7() for _ in range(5_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {key.version for key in made} == {7}
    assert {key.variant for key in made} == {uuid.RFC_4122}


@given(st.uuids())
def test_public_id_reads_back(key: uuid.UUID) -> None:
    assert ids.decode("bkg", ids.encode("bkg", key)) == key


@pytest.mark.parametrize(
    "text", ["", "bkg_", "off_" + "0" * 32, "bkg_" + "g" * 32, "bkg_" + "0" * 31, "0" * 36]
)
def test_text_that_is_no_id_of_its_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ids.decode("bkg", text)


def test_locators_have_no_look_alikes_and_nothing_rude() -> None:
    for _ in range(2_000):
        pnr = ids.new_pnr()
        assert len(pnr) == 6
        assert not set(pnr) & set("01OI")
        assert not any(word in pnr for word in ids.PNR_REFUSED)


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=1, max_value=50))
def test_shares_add_up_and_differ_by_one_at_most(total: int, parts: int) -> None:
    shares = share_out(total, parts)

    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_money_of_two_currencies_does_not_add_up() -> None:
    dollars, euros = Money(amount_minor=1, currency="USD"), Money(amount_minor=1, currency="EUR")

    assert (dollars + dollars).amount_minor == 2
    with pytest.raises(ValueError, match="EUR"):
        _ = dollars + euros


def test_phone_numbers_have_one_spelling() -> None:
    phone: TypeAdapter[str] = TypeAdapter(PhoneNumber)

    assert phone.validate_python("+1 (212) 555-0123") == "+12125550123"
    for wrong in ("212 555 0123", "+1", "call me"):
        with pytest.raises(ValidationError):
            phone.validate_python(wrong)


def test_email_addresses_are_checked_for_shape() -> None:
    email: TypeAdapter[str] = TypeAdapter(EmailAddress)

    assert email.validate_python("ada@EXAMPLE.com") == "ada@example.com"
    for wrong in ("ada", "ada@", "a b@example.com", "ada@example.com\nbcc: x@example.com"):
        with pytest.raises(ValidationError):
            email.validate_python(wrong)


def test_surnames_of_one_family_are_one() -> None:
    assert hashes.normalise_surname("O'Brien") == hashes.normalise_surname("O BRIEN")
    assert hashes.normalise_surname("Müller") == hashes.normalise_surname("MULLER")
    assert hashes.normalise_surname("Müller") != hashes.normalise_surname("Miller")


def test_networks_are_coarse() -> None:
    assert hashes.network_of("203.0.113.77") == "203.0.113.0/24"
    assert hashes.network_of("2001:db8:1:2::3") == "2001:db8:1::/48"


@pytest.mark.postgres
def test_hash_is_keyed_and_of_one_kind(core_settings: Path) -> None:
    first = hashes.keyed_hash("email", "ada@example.com")

    assert first == hashes.keyed_hash("email", "ada@example.com")
    assert first != hashes.keyed_hash("phone", "ada@example.com")
    assert first.startswith("k1:")
    assert len(first) == len("k1:") + 64
    assert hashes.prior_hashes("email", "ada@example.com") == []


@pytest.mark.postgres
def test_entities_are_those_of_the_request(core_settings: Path) -> None:
    user_id = ids.uuid7()
    bind(RequestContext(ip="198.18.4.5", device_id="a-device"))

    who = entities(user_id=user_id, email="Ada@Example.com", phone="+12125550123", card_fingerprint="f1")

    assert set(who.as_payload()) == {"account", "email", "device", "ip", "ip24", "card"}
    assert who.as_payload()["account"] == str(user_id)
    assert who.email == hashes.keyed_hash("email", "ada@example.com")
    assert who.ip24 == hashes.keyed_hash("ip24", "198.18.4.0/24")
    assert who.phone is not None
    assert who.prior() is None


@pytest.mark.postgres
def test_unknown_entities_are_left_out(core_settings: Path) -> None:
    bind(RequestContext())

    assert entities(user_id=None, email=None).as_payload() == {}


@pytest.mark.postgres
def test_sandbox_addresses_have_a_country_and_others_none(core_settings: Path) -> None:
    place = geography.place_of("198.18.0.1")

    assert place is not None
    assert len(place.country) == 2
    assert len(place.airport) == 3
    assert geography.place_of("203.0.113.1") is None

"""Passes as text: the standard's own example reads, and what we write reads back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkin import bcbp
from app.checkin.bcbp import Leg
from app.checkin.errors import BarcodeUnreadable

# The example of the standard's implementation guide: one leg with every conditional field.
MANDATORY = "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 1"
EXAMPLE = (
    f"{MANDATORY}4D>6181WW6225BAC 00141234560032A0141234567890 1AC AC 1234567890123    4PCYLX58Z^108ABCDEFGH"
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
legs = st.builds(
    Leg,
    name=st.builds(
        bcbp.pass_name, st.text(LETTERS, min_size=1, max_size=40), st.text(LETTERS, min_size=1, max_size=40)
    ),
    pnr=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=6, max_size=6),
    origin=st.text(LETTERS, min_size=3, max_size=3),
    destination=st.text(LETTERS, min_size=3, max_size=3),
    airline=st.sampled_from(["B6", "AC", "9E", "DLH"]),
    flight_number=st.integers(1, 9999).map(str) | st.just("12A"),
    day_of_year=st.integers(1, 366),
    compartment=st.sampled_from("FJWY"),
    seat=st.sampled_from(["012A", "001F", "INF", "STBY", "GATE"]),
    sequence_number=st.integers(1, 9999),
    passenger_status=st.sampled_from("017"),
    passenger_description=st.sampled_from("034"),
    check_in_source=st.sampled_from("WO"),
    pass_issued=st.dates(date(2013, 1, 1), date(2039, 12, 31)),
    ticket_number=st.text("0123456789", min_size=13, max_size=13),
)


def test_the_standards_example_is_read_field_by_field() -> None:
    scanned = bcbp.decode(EXAMPLE)

    assert (scanned.name, scanned.pnr, scanned.origin, scanned.destination) == (
        "DESMARAIS/LUC", "ABC123", "YUL", "FRA",
    )  # fmt: skip
    assert (scanned.airline, scanned.flight_number, scanned.day_of_year) == ("AC", "834", 226)
    assert (scanned.compartment, scanned.seat, scanned.sequence_number) == ("F", "001A", 25)
    assert scanned.conditional == {
        "version": "6",
        "description": "1",
        "check_in_source": "W",
        "pass_source": "W",
        "pass_issued": "6225",
        "document_type": "B",
        "pass_issuer": "AC",
        "ticket_airline": "014",
        "ticket_serial": "1234567890",
        "selectee": "",
        "documents_verified": "1",
        "marketing_airline": "AC",
        "frequent_flyer_airline": "AC",
        "frequent_flyer_number": "1234567890123",
        "discount": "",
        "free_baggage": "4PC",
        "fast_track": "Y",
        "airline_use": "LX58Z",
    }
    assert scanned.security == "ABCDEFGH"
    assert scanned.signed == EXAMPLE.partition("^")[0]


def test_mandatory_fields_are_written_as_the_example_has_them() -> None:
    leg = Leg(
        name=bcbp.pass_name("DESMARAIS", "LUC"),
        pnr="ABC123",
        origin="YUL",
        destination="FRA",
        airline="AC",
        flight_number="834",
        day_of_year=226,
        compartment="F",
        seat="001A",
        sequence_number=25,
        passenger_status="1",
        passenger_description="1",
        check_in_source="W",
        pass_issued=date(2016, 8, 12),
        ticket_number="0141234567890",
    )

    assert bcbp.encode(leg) == f"{MANDATORY}3B>60B1WW6225BAC 2A014123456789000AC {'':23}N"


@given(legs, st.text("ABC-_123", max_size=60))
def test_what_is_written_is_read_back(leg: Leg, code: str) -> None:
    scanned = bcbp.decode(bcbp.with_security(bcbp.encode(leg), code))

    assert (scanned.name, scanned.pnr, scanned.origin, scanned.destination, scanned.airline) == (
        leg.name, leg.pnr, leg.origin, leg.destination, leg.airline,
    )  # fmt: skip
    assert (scanned.flight_number, scanned.day_of_year, scanned.compartment, scanned.seat) == (
        leg.flight_number, leg.day_of_year, leg.compartment, leg.seat,
    )  # fmt: skip
    assert (scanned.sequence_number, scanned.passenger_status) == (
        leg.sequence_number, leg.passenger_status,
    )  # fmt: skip
    assert scanned.conditional["ticket_airline"] + scanned.conditional["ticket_serial"] == leg.ticket_number
    assert scanned.conditional["description"] == leg.passenger_description
    assert (scanned.signed, scanned.security) == (bcbp.encode(leg), code)


@given(legs)
def test_every_pass_has_the_sixty_mandatory_places(leg: Leg) -> None:
    written = bcbp.encode(leg)

    assert written.index(">") == 60
    assert int(written[58:60], 16) == len(written) - 60


@given(st.text(max_size=200) | legs.map(bcbp.encode).flatmap(lambda text: st.just(text[:-7])))
def test_anything_else_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(BarcodeUnreadable):
        bcbp.decode(text)


@pytest.mark.parametrize(
    ("family_name", "given_name", "written"),
    [
        ("LOVELACE", "ADA", "LOVELACE/ADA"),
        ("Q", "X", "Q/X"),
        ("FEATHERSTONEHAUGH", "MARGARET", "FEATHERSTONEHAUGH/MA"),
        ("WOLFESCHLEGELSTEINHAUSENBERGERDORFF", "HUBERT", "WOLFESCHLEGELSTEIN/H"),
    ],
)
def test_long_names_are_cut_and_short_ones_kept(family_name: str, given_name: str, written: str) -> None:
    assert bcbp.pass_name(family_name, given_name) == written

"""The bar-coded boarding pass of IATA Resolution 792, format M, version 6: one leg as text, and back.

Fields have fixed widths. A flight's date is its day of the year at the origin, without the year. The optional
security field at the end carries a code that only we can make.
"""

import re
from dataclasses import dataclass
from datetime import date

from app.checkin.errors import BarcodeUnreadable

NAME_WIDTH = 20
VERSION = "6"
SECURITY_TYPE = "1"
# A surname leaves room for the stroke and one letter of the given name.
MAX_SURNAME = NAME_WIDTH - 2

_MANDATORY = re.compile(
    r"M1(?P<name>[A-Z /]{20})(?P<electronic>[E ])(?P<pnr>[A-Z0-9 ]{7})(?P<origin>[A-Z]{3})"
    r"(?P<destination>[A-Z]{3})(?P<airline>[A-Z0-9 ]{3})(?P<number>[0-9]{4})(?P<suffix>[A-Z ])"
    r"(?P<day>[0-9]{3})(?P<compartment>[A-Z])(?P<seat>[A-Z0-9 ]{4})(?P<sequence>[0-9]{4})[A-Z ]"
    r"(?P<status>[0-9A-Z ])(?P<size>[0-9A-F]{2})"
)
_UNIQUE_WIDTHS = {
    "description": 1,
    "check_in_source": 1,
    "pass_source": 1,
    "pass_issued": 4,
    "document_type": 1,
    "pass_issuer": 3,
}
_REPEATED_WIDTHS = {
    "ticket_airline": 3,
    "ticket_serial": 10,
    "selectee": 1,
    "documents_verified": 1,
    "marketing_airline": 3,
    "frequent_flyer_airline": 3,
    "frequent_flyer_number": 16,
    "discount": 1,
    "free_baggage": 3,
    "fast_track": 1,
}


@dataclass(frozen=True)
class Leg:
    """What a pass says. `seat` is 012A, or INF, STBY or GATE for those without one."""

    name: str
    pnr: str
    origin: str
    destination: str
    airline: str
    flight_number: str
    day_of_year: int
    compartment: str
    seat: str
    sequence_number: int
    passenger_status: str
    passenger_description: str
    check_in_source: str
    pass_issued: date
    ticket_number: str


@dataclass(frozen=True)
class Scanned:
    """What was read from a pass. Conditional fields are empty where the pass has none."""

    name: str
    pnr: str
    origin: str
    destination: str
    airline: str
    flight_number: str
    day_of_year: int
    compartment: str
    seat: str
    sequence_number: int
    passenger_status: str
    conditional: dict[str, str]
    signed: str
    security: str


def pass_name(family_name: str, given_name: str) -> str:
    """SURNAME/GIVEN out of names in A to Z. The field cuts the given name first, but for one letter."""
    given = given_name[: max(1, NAME_WIDTH - 1 - len(family_name[:MAX_SURNAME]))]
    return f"{family_name[:MAX_SURNAME]}/{given}".rstrip("/")[:NAME_WIDTH]


def encode(leg: Leg) -> str:
    """The pass without its security field, which is made over this text."""
    number = re.fullmatch(r"([0-9]{1,4})([A-Z]?)", leg.flight_number)
    if number is None:
        raise ValueError(f"{leg.flight_number} is no flight number")
    conditional = _conditional(leg)
    return (
        f"M1{leg.name:<20}E{leg.pnr:<7}{leg.origin}{leg.destination}{leg.airline:<3}"
        f"{int(number[1]):04d}{number[2] or ' '}{leg.day_of_year:03d}{leg.compartment}{leg.seat:<4}"
        f"{leg.sequence_number:04d} {leg.passenger_status}{len(conditional):02X}{conditional}"
    )


def with_security(text: str, code: str) -> str:
    return f"{text}^{SECURITY_TYPE}{len(code):02X}{code}"


def decode(text: str) -> Scanned:
    """Read one leg. Raises BarcodeUnreadable."""
    found = _MANDATORY.match(text)
    if found is None:
        raise BarcodeUnreadable("the mandatory fields are not those of a pass with one leg")
    end = found.end() + int(found["size"], 16)
    if len(text) < end:
        raise BarcodeUnreadable("the pass is shorter than it says")
    conditional = _read_conditional(text[found.end() : end])
    return Scanned(
        name=found["name"].rstrip(),
        pnr=found["pnr"].rstrip(),
        origin=found["origin"],
        destination=found["destination"],
        airline=found["airline"].rstrip(),
        flight_number=f"{int(found['number'])}{found['suffix'].strip()}",
        day_of_year=int(found["day"]),
        compartment=found["compartment"],
        seat=found["seat"].rstrip(),
        sequence_number=int(found["sequence"]),
        passenger_status=found["status"],
        conditional=conditional,
        signed=text[:end],
        security=_read_security(text[end:]),
    )


def _conditional(leg: Leg) -> str:
    issued = f"{leg.pass_issued.year % 10}{leg.pass_issued.timetuple().tm_yday:03d}"
    unique = f"{leg.passenger_description}{leg.check_in_source}W{issued}B{leg.airline:<3}"
    repeated = (
        f"{leg.ticket_number[:3]:<3}{leg.ticket_number[3:]:<10}00{leg.airline:<3}{'':3}{'':16}{'':1}{'':3}N"
    )
    return f">{VERSION}{len(unique):02X}{unique}{len(repeated):02X}{repeated}"


def _read_conditional(text: str) -> dict[str, str]:
    """The fields that are there; each of the two blocks may end after any of its fields."""
    if not text.startswith(">"):
        return {}
    found = {"version": text[1:2]}
    unique, rest = _block(text[2:])
    repeated, own = _block(rest)
    found |= _fields(unique, _UNIQUE_WIDTHS) | _fields(repeated, _REPEATED_WIDTHS)
    return found | ({"airline_use": own} if own else {})


def _block(text: str) -> tuple[str, str]:
    """What a two-digit size says is inside, and what follows."""
    if not text:
        return "", ""
    if re.fullmatch(r"[0-9A-F]{2}", text[:2]) is None or len(text) < 2 + int(text[:2], 16):
        raise BarcodeUnreadable("a field is shorter than it says")
    end = 2 + int(text[:2], 16)
    return text[2:end], text[end:]


def _fields(block: str, widths: dict[str, int]) -> dict[str, str]:
    found, place = {}, 0
    for name, width in widths.items():
        if place >= len(block):
            break
        found[name] = block[place : place + width].rstrip()
        place += width
    return found


def _read_security(text: str) -> str:
    if not text.startswith("^"):
        return ""
    if re.fullmatch(r"[0-9A-F]{2}", text[2:4]) is None or len(text) < 4 + int(text[2:4], 16):
        raise BarcodeUnreadable("the security field is shorter than it says")
    return text[4 : 4 + int(text[2:4], 16)]

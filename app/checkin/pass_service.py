"""Boarding passes: what they say, what their barcode holds, and its picture."""

import base64
import hmac
import io
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import coupon_service as coupons
from app.bookings.coupon_service import TravelCoupon
from app.bookings.schemas import CouponStatus
from app.checkin import bcbp, rules, seating, store
from app.checkin.errors import BarcodeForged, NameErased, PassNotFound
from app.checkin.models import CheckInRow
from app.checkin.schemas import BoardingPass, BoardingPasses, CheckInSource
from app.checkin.service import is_standby
from app.core import clock, vault
from app.core.ids import encode
from app.core.latin import latin_letters
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import FlightView

_CHECK_IN_SOURCES = {CheckInSource.WEB: "W", CheckInSource.AGENT: "O", CheckInSource.GATE: "O"}
_HAS_PASS = (CouponStatus.CHECKED_IN, CouponStatus.BOARDED)
# What QR calls level M: a scratched screen loses up to 15 % of it. A module is drawn this many pixels wide.
QR_ERROR_CORRECTION = "m"
QR_SCALE = 6


async def list_passes(session: AsyncSession, caller: Caller, booking_id: UUID) -> BoardingPasses:
    """The passes of those who are checked in. Raises BookingNotFound, NameErased."""
    now = await clock.now(session)
    found = await coupons.list_coupons(session, booking_id, caller)
    rows = {row.coupon_id: row for row in await store.find_check_ins_of(session, booking_id)}
    seats = await seating.seats_of(session, booking_id, now)
    ready = [coupon for coupon in found if coupon.status in _HAS_PASS and coupon.id in rows]
    booked = await flights.get_flights(session, [coupon.flight_id for coupon in ready])
    people = await vault.get_people(session, [coupon.subject_id for coupon in ready])
    return BoardingPasses(
        data=[
            _boarding_pass(
                coupon,
                booked[coupon.flight_id],
                rows[coupon.id],
                seats.get((coupon.passenger_id, coupon.flight_id)),
                people.get(coupon.subject_id, {}),
            )
            for coupon in ready
        ]
    )


async def get_pass(session: AsyncSession, caller: Caller, booking_id: UUID, coupon_id: UUID) -> BoardingPass:
    """Raises BookingNotFound, PassNotFound, NameErased."""
    passes = (await list_passes(session, caller, booking_id)).data
    found = next((each for each in passes if each.coupon_id == coupon_id), None)
    if found is None:
        raise PassNotFound()
    return found


def picture(barcode: str, kind: str) -> bytes:
    """The barcode as a QR code, one of the symbologies of Resolution 792; the same bytes each time."""
    import segno

    drawn = io.BytesIO()
    segno.make_qr(barcode, error=QR_ERROR_CORRECTION).save(drawn, kind=kind, scale=QR_SCALE)
    return drawn.getvalue()


def read_barcode(text: str) -> bcbp.Scanned:
    """What a genuine pass of ours says. Raises BarcodeUnreadable, BarcodeForged."""
    scanned = bcbp.decode(text)
    genuine = [_code(digest) for digest in vault.lookups("boarding_pass", scanned.signed)]
    if not any(hmac.compare_digest(scanned.security, code) for code in genuine):
        raise BarcodeForged()
    return scanned


def make_barcode(leg: bcbp.Leg) -> str:
    text = bcbp.encode(leg)
    return bcbp.with_security(text, _code(vault.lookups("boarding_pass", text)[0]))


def _code(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _boarding_pass(
    coupon: TravelCoupon, flight: FlightView, row: CheckInRow, seat: str | None, person: dict[str, str]
) -> BoardingPass:
    if "family_name" not in person:
        raise NameErased()
    standby = is_standby(row)
    leg = bcbp.Leg(
        name=bcbp.pass_name(_spelled(person["family_name"]), _spelled(person["given_name"])),
        pnr=coupon.pnr,
        origin=flight.origin,
        destination=flight.destination,
        airline=flight.airline,
        flight_number=flight.flight_number,
        day_of_year=flight.departure_date.timetuple().tm_yday,
        compartment=rules.COMPARTMENTS.get(coupon.cabin, "Y"),
        seat=rules.pass_seat(seat, needs_seat=row.needs_seat, standby=standby),
        sequence_number=row.sequence_number,
        passenger_status=rules.ON_STANDBY if standby else rules.CHECKED_IN,
        passenger_description=rules.DESCRIPTIONS[coupon.passenger_type],
        check_in_source=_CHECK_IN_SOURCES[CheckInSource(row.source)],
        pass_issued=row.checked_in_at.date(),
        ticket_number=coupon.ticket_number,
    )
    address = f"/v1/bookings/{encode('bkg', coupon.booking_id)}/boarding-passes/{encode('cpn', coupon.id)}"
    return BoardingPass(
        coupon_id=coupon.id,
        booking_id=coupon.booking_id,
        passenger_id=coupon.passenger_id,
        segment_id=coupon.segment_id,
        flight_id=flight.id,
        pnr=coupon.pnr,
        ticket_number=coupon.ticket_number,
        given_name=person["given_name"],
        family_name=person["family_name"],
        airline=flight.airline,
        flight_number=flight.flight_number,
        origin=flight.origin,
        destination=flight.destination,
        departs_local=flight.departs_local,
        departs_zone=flight.departs_zone,
        boarding_closes_at=_gate_closes(flight),
        cabin=coupon.cabin,
        seat=seat,
        standby=standby,
        sequence_number=row.sequence_number,
        barcode=make_barcode(leg),
        barcode_png=f"{address}/barcode.png",
        barcode_svg=f"{address}/barcode.svg",
    )


def _gate_closes(flight: FlightView) -> datetime:
    return (flight.estimated_departs_at or flight.departs_at) - rules.GATE_CLOSES


def _spelled(name: str) -> str:
    """A name of no letter at all still needs one: the field may not be empty."""
    return latin_letters(name) or "X"

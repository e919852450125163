"""Identifiers: UUIDv7 keys inside, prefixed opaque strings outside, locators for people."""

import os
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PNR_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
PNR_LENGTH = 6
# Locators are read out loud at a counter; these never are.
PNR_REFUSED = (
    "ASS",
    "CUM",
    "DAM",
    "FAG",
    "FUC",
    "FUK",
    "GAY",
    "HEL",
    "JEW",
    "KKK",
    "NAZ",
    "SEX",
    "SHT",
    "TWAT",
)

_lock = threading.Lock()
_last_tick = 0


def uuid7() -> UUID:
    """A UUIDv7 that never goes back within this process: 48 bits of milliseconds, 12 of order, 62 random."""
    global _last_tick
    with _lock:
        tick = time.time_ns() * 4096 // 1_000_000
        _last_tick = max(tick, _last_tick + 1)
        tick = _last_tick
    random_bits = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | random_bits)


def new_pnr() -> str:
    """A record locator of six characters, no look-alikes, nothing rude in it."""
    while True:
        # The alphabet has 32 letters: five bits each, all from one draw.
        bits = secrets.randbits(5 * PNR_LENGTH)
        pnr = "".join(PNR_ALPHABET[bits >> shift & 31] for shift in range(0, 5 * PNR_LENGTH, 5))
        if not any(word in pnr for word in PNR_REFUSED):
            return pnr


def encode(prefix: str, key: UUID) -> str:
    return f"{prefix}_{key.hex}"


def decode(prefix: str, text: str) -> UUID:
    """The key behind a public id. Raises ValueError when the text is not an id of this kind."""
    kind, separator, digits = text.partition("_")
    if not separator or kind != prefix or len(digits) != 32:
        raise ValueError(f"expected an id that starts with {prefix}_")
    return UUID(hex=digits)


@dataclass(frozen=True)
class _Codec:
    prefix: str

    def read(self, value: object) -> UUID:
        return value if isinstance(value, UUID) else decode(self.prefix, str(value))

    def write(self, key: UUID) -> str:
        return encode(self.prefix, key)


def _schema(prefix: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{prefix}_[0-9a-f]{{32}}$",
            "examples": [f"{prefix}_0197f3a25b6c7d8e9f00112233445566"],
        }
    )


def _annotations(prefix: str) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    codec = _Codec(prefix)
    return BeforeValidator(codec.read), PlainSerializer(codec.write, return_type=str), _schema(prefix)


_usr, _off, _orq = _annotations("usr"), _annotations("off"), _annotations("orq")
_bkg, _pas, _seg, _tkt = _annotations("bkg"), _annotations("pas"), _annotations("seg"), _annotations("tkt")
_cpn, _can, _pay, _ref = _annotations("cpn"), _annotations("can"), _annotations("pay"), _annotations("ref")
_flt, _sch, _cab, _itm = _annotations("flt"), _annotations("sch"), _annotations("cab"), _annotations("itm")
_ses, _evt, _ntf = _annotations("ses"), _annotations("evt"), _annotations("ntf")
_sas, _ord, _chg = _annotations("sas"), _annotations("ord"), _annotations("chg")
_wtl, _grp, _whe, _whd = _annotations("wtl"), _annotations("grp"), _annotations("whe"), _annotations("whd")
_key, _dsp, _crd, _scg = _annotations("key"), _annotations("dsp"), _annotations("crd"), _annotations("scg")
_prl, _ssr, _doc, _aud = _annotations("prl"), _annotations("ssr"), _annotations("doc"), _annotations("aud")
_anc, _dis = _annotations("anc"), _annotations("dis")

UserId = Annotated[UUID, _usr[0], _usr[1], _usr[2]]
OfferId = Annotated[UUID, _off[0], _off[1], _off[2]]
OfferRequestId = Annotated[UUID, _orq[0], _orq[1], _orq[2]]
BookingId = Annotated[UUID, _bkg[0], _bkg[1], _bkg[2]]
PassengerId = Annotated[UUID, _pas[0], _pas[1], _pas[2]]
SegmentId = Annotated[UUID, _seg[0], _seg[1], _seg[2]]
TicketId = Annotated[UUID, _tkt[0], _tkt[1], _tkt[2]]
CouponId = Annotated[UUID, _cpn[0], _cpn[1], _cpn[2]]
CancellationId = Annotated[UUID, _can[0], _can[1], _can[2]]
PaymentId = Annotated[UUID, _pay[0], _pay[1], _pay[2]]
RefundId = Annotated[UUID, _ref[0], _ref[1], _ref[2]]
FlightId = Annotated[UUID, _flt[0], _flt[1], _flt[2]]
ScheduleId = Annotated[UUID, _sch[0], _sch[1], _sch[2]]
CabinInventoryId = Annotated[UUID, _cab[0], _cab[1], _cab[2]]
BookingItemId = Annotated[UUID, _itm[0], _itm[1], _itm[2]]
SessionId = Annotated[UUID, _ses[0], _ses[1], _ses[2]]
EventId = Annotated[UUID, _evt[0], _evt[1], _evt[2]]
NotificationId = Annotated[UUID, _ntf[0], _ntf[1], _ntf[2]]
SeatAssignmentId = Annotated[UUID, _sas[0], _sas[1], _sas[2]]
OrderId = Annotated[UUID, _ord[0], _ord[1], _ord[2]]
ChangeId = Annotated[UUID, _chg[0], _chg[1], _chg[2]]
WaitlistEntryId = Annotated[UUID, _wtl[0], _wtl[1], _wtl[2]]
GroupId = Annotated[UUID, _grp[0], _grp[1], _grp[2]]
WebhookEndpointId = Annotated[UUID, _whe[0], _whe[1], _whe[2]]
WebhookDeliveryId = Annotated[UUID, _whd[0], _whd[1], _whd[2]]
ApiKeyId = Annotated[UUID, _key[0], _key[1], _key[2]]
DisputeId = Annotated[UUID, _dsp[0], _dsp[1], _dsp[2]]
TravelCreditId = Annotated[UUID, _crd[0], _crd[1], _crd[2]]
ScheduleChangeId = Annotated[UUID, _scg[0], _scg[1], _scg[2]]
PricingRuleId = Annotated[UUID, _prl[0], _prl[1], _prl[2]]
ServiceRequestId = Annotated[UUID, _ssr[0], _ssr[1], _ssr[2]]
DocumentId = Annotated[UUID, _doc[0], _doc[1], _doc[2]]
AuditEntryId = Annotated[UUID, _aud[0], _aud[1], _aud[2]]
AncillaryId = Annotated[UUID, _anc[0], _anc[1], _anc[2]]
DisruptionId = Annotated[UUID, _dis[0], _dis[1], _dis[2]]

"""Segments ready to be written."""

from pipelines.envelope import decode
from pipelines.landing.rows import Fingerprints, LandedChange
from pipelines.landing.segments import Segment
from pipelines.records import BadMessage
from tests.pipelines.messages import START_US, chain, envelope, raw

TOPIC = "contrail.app.bookings"


def landed(offset: int, at_us: int = START_US) -> LandedChange:
    value = envelope("bookings", {"id": str(offset), "status": "held"}, at_us=at_us, lsn=offset + 1)
    row = Fingerprints().land(decode(raw(TOPIC, offset, value, b'{"id":"%d"}' % offset)))
    assert isinstance(row, LandedChange)
    return row


def bad(offset: int) -> BadMessage:
    return BadMessage(raw(TOPIC, offset, b"poison"), "not a change event")


def segment(start: int, stop: int, next_offset: int | None = None) -> Segment:
    """Rows at every offset from `start` until before `stop`."""
    rows = [landed(offset) for offset in range(start, stop)]
    return Segment(chain(TOPIC), start, next_offset if next_offset is not None else stop, rows, [])

"""Answers to searches, kept to be given again: in this process, and beside it for the others.

An answer is kept under what was asked and a mark of every departure it was found among, so one that has moved
leaves nothing to be found; what prices follow from is at most LIFE_SECONDS older than in a search made anew.
Each time it is given with a request id and times of its own: an offer belongs to one search alone."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

import msgspec
from prometheus_client import Counter

from app.core.shared_cache import SharedCache, open_shared_cache
from app.offers import packing, rules
from app.offers.schemas import (
    AvailabilityNote,
    ExchangeRate,
    Offer,
    OfferRequestCreate,
    OfferRequestView,
    OutsidePart,
)
from app.pricing.adjustments.schemas import PricingRule

LIFE_SECONDS = 30
MOST_BYTES = 32 * 2**20
LARGEST_BYTES = 512 * 2**10
# Local days begin at quarters of an hour of UTC; until the next one no fare has become too late to buy.
QUARTER_SECONDS = 15 * 60
# How an answer is kept: another release's are not found.
VERSION = b"search-1:"

# What stands in a kept answer for what each that is given has of its own.
TEMPLATE_REQUEST = UUID(hex="0f" * 15 + "00")
TEMPLATE_CREATED = datetime(9999, 12, 30, tzinfo=UTC)
TEMPLATE_EXPIRES = datetime(9999, 12, 31, tzinfo=UTC)
_ID = TEMPLATE_REQUEST.hex[:30].encode()
_CREATED, _EXPIRES = b'"9999-12-30T00:00:00Z"', b'"9999-12-31T00:00:00Z"'
_AGE_MS = 2**53 - 1
_AGE = b'"age_ms":%d' % _AGE_MS
_NO_OUTSIDE = b'"outside_offers":[],"outside_sources":[]}'

KEPT = Counter("contrail_search_answers", "Searches by where their answer came from", ["source"])


class Answer(msgspec.Struct, frozen=True):
    """A search's answer without what belongs to one asker."""

    body: bytes
    packed: bytes
    offers_found: int
    as_of: datetime | None
    total_minor: int | None
    currency: str | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Answer)


def make(offers: Sequence[Offer], limit: int, as_of: datetime | None, fx: ExchangeRate | None) -> Answer:
    """The answer of offers that were made for TEMPLATE_REQUEST until TEMPLATE_EXPIRES."""
    view = OfferRequestView(
        id=TEMPLATE_REQUEST,
        created_at=TEMPLATE_CREATED,
        expires_at=TEMPLATE_EXPIRES,
        offers=list(offers[:limit]),
        offers_found=len(offers),
        availability=AvailabilityNote(as_of=as_of, age_ms=None if as_of is None else _AGE_MS),
        outside_offers=[],
        outside_sources=[],
    )
    total = offers[0].total if offers else None
    return Answer(
        body=view.model_dump_json().encode(),
        packed=packing.pack(offers, fx).model_dump_json().encode(),
        offers_found=len(offers),
        as_of=as_of,
        total_minor=None if total is None else total.amount_minor,
        currency=None if total is None else total.currency,
    )


def give(
    answer: Answer,
    request_id: UUID,
    now: datetime,
    expires_at: datetime,
    age_ms: int | None,
    outside: OutsidePart | None = None,
) -> bytes:
    """The answer as JSON, for one asker."""
    body = answer.body.replace(_ID, rules.request_key(request_id).hex[:30].encode())
    body = body.replace(_CREATED, _moment(now)).replace(_EXPIRES, _moment(expires_at))
    if age_ms is not None:
        body = body.replace(_AGE, b'"age_ms":%d' % age_ms, 1)
    if outside is not None:
        body = body.removesuffix(_NO_OUTSIDE) + outside.model_dump_json().encode()[1:]
    return body


def _moment(moment: datetime) -> bytes:
    return b'"%s"' % moment.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()


def key_of(
    body: OfferRequestCreate, now: datetime, holding: Sequence[PricingRule], marks: Sequence[bytes]
) -> bytes:
    """What an answer is kept under: the question, its moment, the rules that hold and the departures."""
    digest = blake2b(body.model_dump_json(exclude={"outside_sources"}).encode(), digest_size=16)
    digest.update(b"%d" % (now.timestamp() // QUARTER_SECONDS))
    digest.update(now.date().isoformat().encode())
    for rule in holding:
        digest.update(b"%s %d" % (rule.id.bytes, rule.version))
    for mark in marks:
        digest.update(mark)
    return VERSION + digest.digest()


class Answers:
    """The answers of one process, the one asked for longest ago forgotten first."""

    def __init__(self, shared: SharedCache | None) -> None:
        self._shared = shared
        self._kept: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()
        self._bytes = 0

    async def find(self, key: bytes) -> Answer | None:
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < LIFE_SECONDS:
            self._kept.move_to_end(key)
            KEPT.labels("process").inc()
            return kept[1]
        found = None if self._shared is None else await self._shared.find(key)
        if found is None:
            return None
        KEPT.labels("shared").inc()
        answer = _decoder.decode(found)
        self._keep(key, answer)
        return answer

    def keep(self, key: bytes, answer: Answer) -> None:
        """Here and for the others, unless there is nothing in it or too much."""
        if not answer.offers_found or _size(answer) > LARGEST_BYTES:
            return
        self._keep(key, answer)
        if self._shared is not None:
            self._shared.put(key, _encoder.encode(answer), LIFE_SECONDS)

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()

    def _keep(self, key: bytes, answer: Answer) -> None:
        replaced = self._kept.pop(key, None)
        self._bytes += _size(answer) - (0 if replaced is None else _size(replaced[1]))
        self._kept[key] = (time.monotonic(), answer)
        while self._bytes > MOST_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(answer: Answer) -> int:
    return len(answer.body) + len(answer.packed)


_process: Answers | None = None


def process() -> Answers:
    """Those of this process, made when they are first asked for."""
    global _process
    if _process is None:
        _process = Answers(open_shared_cache())
    return _process


async def close() -> None:
    global _process
    if _process is not None:
        await _process.close()
    _process = None

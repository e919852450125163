"""Which outside sources this program may ask, and asking them side by side."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache

from app.core.config import get_settings
from app.offers.errors import SourceFailed
from app.offers.sources.base import (
    OfferSource,
    OutsideOffer,
    OutsideQuery,
    SourceName,
    SourceNote,
    SourceStatus,
)
from app.offers.sources.duffel import Duffel

# Of each source: more than anybody reads.
MAX_OFFERS = 50


@lru_cache
def configured() -> dict[SourceName, OfferSource]:
    """The sources there is an address and a token for."""
    settings = get_settings()
    if settings.duffel_url is None:
        return {}
    return {SourceName.DUFFEL: Duffel(settings.duffel_url, settings.secret("duffel_token"))}


async def search(
    names: Sequence[SourceName], query: OutsideQuery
) -> tuple[list[OutsideOffer], list[SourceNote]]:
    """What the sources offer, the cheapest first within a currency, and how each took part. A source that
    fails is told of and fails nobody else."""
    answers = await asyncio.gather(*(_ask(name, query) for name in names))
    offers = [offer for _, found in answers for offer in found]
    offers.sort(key=lambda offer: (offer.total.currency, offer.total.amount_minor, offer.id))
    return offers, [note for note, _ in answers]


async def find_offer(name: SourceName, offer_id: str) -> OutsideOffer | None:
    """The offer as it is now; None where it is gone or its source is not asked. Raises SourceFailed."""
    source = configured().get(name)
    return None if source is None else await source.find_offer(offer_id)


async def close() -> None:
    """End the connections of this process."""
    for source in configured().values():
        await source.close()
    configured.cache_clear()


async def _ask(name: SourceName, query: OutsideQuery) -> tuple[SourceNote, list[OutsideOffer]]:
    source = configured().get(name)
    if source is None:
        return SourceNote(source=name, status=SourceStatus.NOT_CONFIGURED, offers_found=0), []
    try:
        found = await source.search(query, MAX_OFFERS)
    except SourceFailed:
        return SourceNote(source=name, status=SourceStatus.FAILED, offers_found=0), []
    return SourceNote(source=name, status=SourceStatus.OK, offers_found=len(found)), found

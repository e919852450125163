"""Which products a departure offers, and the ids by which an offer is found with one key."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.pricing.schemas import FareProduct

# The last byte of a request's key is 0 and of an offer's id its place in the request, from 1.
ORDINAL_MASK = 0xFF

# More are not told: how empty a cabin is, is the airline's own business.
MAX_SEATS_TOLD = 9


def request_key(key: UUID) -> UUID:
    """A request's own key, out of a fresh one: room for its offers' ordinals in the last byte."""
    return UUID(int=key.int & ~ORDINAL_MASK)


def offer_id(request_id: UUID, ordinal: int) -> UUID:
    if not 1 <= ordinal <= ORDINAL_MASK:
        raise ValueError(f"a request has at most {ORDINAL_MASK} offers")
    return UUID(int=request_id.int | ordinal)


def split_offer_id(key: UUID) -> tuple[UUID, int]:
    """(request, ordinal); the ordinal of what is no offer is 0."""
    return request_key(key), key.int & ORDINAL_MASK


def cheapest_by_brand(
    products: Sequence[FareProduct], seats_open: Mapping[str, int], seats: int
) -> list[FareProduct]:
    """Of each brand the cheapest product whose class has the seats; the cheapest brand first."""
    chosen: dict[str, FareProduct] = {}
    for product in sorted(products, key=lambda product: (product.multiplier_thousandths, product.fare_basis)):
        if seats_open.get(product.fare_class, 0) >= seats:
            chosen.setdefault(product.brand, product)
    return list(chosen.values())

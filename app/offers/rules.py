"""Which products a departure offers, which offer comes first, and the ids by which one is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.offers.schemas import Sort
from app.pricing.schemas import FareProduct

# The last byte of a request's key is 0 and of an offer's id its place in the request, from 1.
ORDINAL_MASK = 0xFF

# More are not told: how empty a cabin is, is the airline's own business.
MAX_SEATS_TOLD = 9

# What `best` takes an hour of travel and a change of planes to be worth to each passenger, in minor units.
# A choice, not a measurement: an hour near what public studies of air travel say, a change near an hour.
HOUR_MINOR = 4000
STOP_MINOR = 3000


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


def ordinals(count: int, place: int | None, *, is_backwards: bool) -> list[int]:
    """The ordinals of so many offers from beyond a place, in the direction asked."""
    if is_backwards:
        return list(range(min(count, (place or 1) - 1), 0, -1))
    return list(range(max(1, (place or 0) + 1), count + 1))


def cheapest_by_brand(
    products: Sequence[FareProduct], seats_open: Mapping[str, int], seats: int
) -> list[FareProduct]:
    """Of each brand the cheapest product whose class has the seats; the cheapest brand first."""
    chosen: dict[str, FareProduct] = {}
    for product in sorted(products, key=lambda product: (product.multiplier_thousandths, product.fare_basis)):
        if seats_open.get(product.fare_class, 0) >= seats:
            chosen.setdefault(product.brand, product)
    return list(chosen.values())


def stay_days(departure_dates: Sequence[date]) -> int | None:
    """How long after the way out the last slice begins; None for one way."""
    return None if len(departure_dates) == 1 else (departure_dates[-1] - departure_dates[0]).days


@dataclass(frozen=True, slots=True)
class Worth:
    """What offers are put in order by: the price of the party, the time under way, the changes of planes."""

    total_minor: int
    elapsed: timedelta
    stops: int

    def __add__(self, other: "Worth") -> "Worth":
        return Worth(
            self.total_minor + other.total_minor, self.elapsed + other.elapsed, self.stops + other.stops
        )


def rank(sort: Sort, worth: Worth, passengers: int, minor_per_base: float = 1.0) -> tuple[float, ...]:
    """The lower, the earlier in the answer. Ties go to the cheaper, then to the faster.

    `best` is price + passengers * (HOUR_MINOR an hour + STOP_MINOR a change), in the offers' currency."""
    price, hours = worth.total_minor, worth.elapsed / timedelta(hours=1)
    match sort:
        case Sort.CHEAPEST:
            return (price, hours)
        case Sort.FASTEST:
            return (hours, price)
        case Sort.FEWEST_STOPS:
            return (worth.stops, price, hours)
        case Sort.BEST:
            trouble = (HOUR_MINOR * hours + STOP_MINOR * worth.stops) * passengers * minor_per_base
            return (price + trouble, price, hours)

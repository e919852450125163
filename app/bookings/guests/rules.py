"""How many wrong guesses a locator and an address have, and whose name opens a booking."""

from collections.abc import Iterable
from datetime import timedelta

from app.core.hashes import normalise_surname

# A traveller mistypes a few times. A thousand million locators and five guesses a quarter of an hour on
# each leave nothing to find; an address may stand for a whole office.
WINDOW = timedelta(minutes=15)
GUESSES_A_LOCATOR = 5
GUESSES_AN_ADDRESS = 30


def is_on_booking(last_name: str, family_names: Iterable[str]) -> bool:
    """Case, accents, spaces and punctuation do not matter. A name of other signs must match as it is."""
    wanted = normalise_surname(last_name)
    return any(
        wanted == normalise_surname(name) if wanted else last_name.strip() == name.strip()
        for name in family_names
    )

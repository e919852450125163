"""Card numbers never enter: what looks like one is refused before anything reads, logs or stores it."""

import json
import re
import unicodedata
from typing import Any

from starlette.types import Scope

from app.core.errors import Unprocessable

# Fourteen digits (the shortest card in use) to nineteen, alone or in groups. Not a part of a longer word or
# id, and not a telephone number, which begins with a plus.
_RUN = re.compile(r"(?<![0-9A-Za-z+.\-])[0-9](?:[ \-]?[0-9]){13,18}(?![0-9A-Za-z])")
_RUN_IN_BYTES = re.compile(_RUN.pattern.encode())
# What providers tell us holds their own long numbers, and is signed; a schedule file is columns of digits.
_NOT_READ = ("/v1/webhooks/",)
_COLUMNS_OF_DIGITS = ("/ssim",)
_KEPT_HEADERS = (b"idempotency-key", b"x-request-id")


class CardNumberRefused(Unprocessable):
    code = "card_number_refused"
    title = "This looks like a card number; send the token your gateway gave for the card"


def refuse_card_numbers(scope: Scope, body: bytes) -> None:
    """Raises CardNumberRefused, which never repeats what was found."""
    path = scope["path"]
    if path.startswith(_NOT_READ) or path.endswith(_COLUMNS_OF_DIGITS):
        return
    headers = [value.decode("latin-1") for name, value in scope["headers"] if name in _KEPT_HEADERS]
    address = [path, scope.get("query_string", b"").decode("latin-1").replace("%20", " ").replace("+", " ")]
    if any(holds_card_number(text) for text in (*headers, *address)):
        raise CardNumberRefused()
    # Hardly any body holds so many digits in a row, so hardly any is read twice.
    if body.isascii() and b"\\u" not in body and not _RUN_IN_BYTES.search(body):
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return  # the route's own parser answers for what is not JSON
    pointer = _find(document)
    if pointer is not None:
        raise CardNumberRefused(pointer=pointer)


def holds_card_number(text: str) -> bool:
    """Whether some digits of a text are numbered as cards are, and end in the right check digit."""
    plain = unicodedata.normalize("NFKC", text)
    return any(_is_card_number(re.sub(r"[ \-]", "", run)) for run in _RUN.findall(plain))


def _is_card_number(digits: str) -> bool:
    of_a_scheme = digits[0] in "3456" or 2221 <= int(digits[:4]) <= 2720
    return of_a_scheme and len(set(digits)) > 1 and _luhn(digits)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812: every second digit from the right doubled, the digits of that added up."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _find(document: Any) -> str | None:
    """The pointer of the first such value, found without recursion: a body may nest deeply."""
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, dict):
            if any(holds_card_number(key) for key in value):
                return pointer or "/"
            pending.extend((f"{pointer}/{key}", member) for key, member in value.items())
        elif isinstance(value, list):
            pending.extend((f"{pointer}/{index}", member) for index, member in enumerate(value))
        elif isinstance(value, (str, int)) and holds_card_number(str(value)):
            return pointer or "/"
    return None

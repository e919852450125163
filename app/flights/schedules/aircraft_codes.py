"""The three-character aircraft codes of SSIM, and the seats by cabin beside them.

Our own types are named by model (A320-232), which is finer; IATA's codes are by variant."""

import re
from collections.abc import Mapping

# "Equipment varies": what IATA gives to say when there is no code.
UNKNOWN = "EQV"

_MODELS = (
    (r"A318", "318"),
    (r"A319", "319"),
    (r"A320", "320"),
    (r"A321", "321"),
    (r"A330-2", "332"),
    (r"A330-3", "333"),
    (r"A340-3", "343"),
    (r"A350-9", "359"),
    (r"A380", "388"),
    (r"717-2", "717"),
    (r"737-3", "733"),
    (r"737-4", "734"),
    (r"737-5", "735"),
    (r"737-7", "73G"),
    (r"737-8", "738"),
    (r"737-9", "739"),
    (r"747-4", "744"),
    (r"757-2", "752"),
    (r"757-3", "753"),
    (r"767-2", "762"),
    (r"767-3", "763"),
    (r"767-4", "764"),
    (r"777-2", "772"),
    (r"777-3", "773"),
    (r"787-8", "788"),
    (r"787-9", "789"),
    (r"CL-600-2B19", "CRJ"),
    (r"CL-600-2C10", "CR7"),
    (r"CL-600-2D24", "CR9"),
    (r"EMB-135|EMB-1?35", "ER3"),
    (r"EMB-145", "ER4"),
    (r"ERJ 170", "E70"),
    (r"ERJ 190", "E90"),
    (r"MD-90", "M90"),
    (r"MD-88", "M88"),
    (r"MD-83|.*\(MD-83\)", "M83"),
    (r"MD-82|.*\(MD-82\)", "M82"),
    (r"MD-8|.*\(MD-8", "M80"),
    (r"DC-9", "DC9"),
)
_CABIN_LETTERS = {"first": "F", "business": "C", "premium_economy": "W", "economy": "Y"}
_CABIN_OF = {letter: cabin for cabin, letter in _CABIN_LETTERS.items()} | {"J": "business", "M": "economy"}
_CONFIGURATION = re.compile(r"([A-Z])([0-9]{1,3})")


def iata_code(model: str) -> str:
    """The SSIM code of a model's name."""
    return next((code for pattern, code in _MODELS if re.match(pattern, model)), UNKNOWN)


def configuration(cabins: Mapping[str, int]) -> str:
    """Seats by cabin, front to back: C012Y170."""
    return "".join(
        f"{letter}{cabins[cabin]:03}" for cabin, letter in _CABIN_LETTERS.items() if cabin in cabins
    )


def cabins_of(text: str) -> dict[str, int] | None:
    """The cabins a configuration names; None when it is not one."""
    text = text.strip()
    parts = _CONFIGURATION.findall(text)
    if not parts or "".join(letter + seats for letter, seats in parts) != text:
        return None
    cabins = {_CABIN_OF.get(letter, letter): int(seats) for letter, seats in parts}
    return {cabin: seats for cabin, seats in cabins.items() if seats}

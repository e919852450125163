"""One-time codes by RFC 6238: which moment a code belongs to, and what a recovery code looks like."""

import base64
import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import pyotp

STEP_SECONDS = 30
# A clock that is half a minute off still works; every further step is another code that would be accepted.
STEPS_AROUND = 1
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10


def matching_counter(seed: str, code: str, now: datetime, last_counter: int) -> int | None:
    """The step of time a code was made for; None when it is wrong, or as old as one used before."""
    present = int(now.timestamp()) // STEP_SECONDS
    made = pyotp.HOTP(seed)
    for counter in range(present - STEPS_AROUND, present + STEPS_AROUND + 1):
        if counter > last_counter and pyotp.utils.strings_equal(made.at(counter), code):
            return counter
    return None


def enrolment_uri(seed: str, account: str, issuer: str) -> str:
    """What an authenticator reads from a picture."""
    return pyotp.TOTP(seed, interval=STEP_SECONDS).provisioning_uri(name=account, issuer_name=issuer)


def new_recovery_codes() -> list[str]:
    """Eighty random bits each, in groups that can be copied by hand."""
    return [_grouped(secrets.token_bytes(RECOVERY_CODE_BYTES)) for _ in range(RECOVERY_CODES)]


def recovery_hash(user_id: UUID, code: str) -> bytes:
    """A fast hash does: nobody guesses eighty bits. Case and dashes are the writer's own."""
    plain = code.replace("-", "").replace(" ", "").casefold()
    return hashlib.sha256(user_id.bytes + plain.encode()).digest()


def _grouped(random: bytes) -> str:
    letters = base64.b32encode(random).decode().casefold()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))

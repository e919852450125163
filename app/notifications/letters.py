"""Letters: one message as text and HTML, made from an event's facts and what the vault knows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path

from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from app.flights.schemas import FlightView
from app.identity.recovery.schemas import Purpose
from app.notifications.schemas import Claim

TEMPLATES = Path(__file__).with_name("templates")
LOCALE = "en_US"
SUBJECTS = {
    "booking_confirmed": "Your booking {pnr} is confirmed",
    "booking_cancelled": "Your booking {pnr} is cancelled",
    "hold_expired": "Your seats on booking {pnr} have been released",
    "schedule_changed": "Your flight on booking {pnr} has changed: please tell us what you want",
    "waitlist_offered": "Seats came free: booking {pnr} holds them for you",
    "password_reset": "Choose a new password",
    "email_verification": "Is this your e-mail address?",
    "email_change": "Is this your new e-mail address?",
    "password_changed": "Your password was changed",
}
# Letters to another address than the person's own.
ADDRESSES = {"email_change": "pending_email"}
# Letters that carry a token, and what it proves. It is made when the letter is written.
PROOFS = {
    "password_reset": Purpose.PASSWORD_RESET,
    "email_verification": Purpose.EMAIL_VERIFICATION,
    "email_change": Purpose.EMAIL_CHANGE,
}


@lru_cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = _money
    environment.filters["local"] = _local
    environment.filters["moment"] = _moment
    return environment


class LetterImpossible(ValueError):
    """A request lacks what its template needs; trying again would not help."""


def write_letter(
    claim: Claim,
    person: dict[str, str],
    flown: Sequence[FlightView],
    sender: str,
    written_at: datetime,
    token: str | None = None,
) -> EmailMessage:
    """The message to one person. However often a request is written, its Message-ID is the same.

    Raises LetterImpossible, whose words name no person."""
    facts = {**claim.payload, "name": person.get("given_name"), "flights": flown, "token": token}
    letter = EmailMessage()
    letter["From"] = sender
    letter["To"] = Address(addr_spec=person[ADDRESSES.get(claim.template, "email")])
    letter["Date"] = format_datetime(written_at)
    letter["Message-ID"] = claim.message_id
    letter["Auto-Submitted"] = "auto-generated"
    try:
        letter["Subject"] = SUBJECTS[claim.template].format_map(claim.payload)
        letter.set_content(_templates().get_template(f"{claim.template}.txt").render(facts))
        html = _templates().get_template(f"{claim.template}.html").render(facts)
    except (TemplateError, KeyError) as error:
        raise LetterImpossible(
            f"{claim.template} cannot be written: {type(error).__name__} {error}"
        ) from error
    letter.add_alternative(html, subtype="html")
    return letter


def _money(amount_minor: int, currency: str) -> str:
    return format_currency(amount_minor / 10 ** get_currency_precision(currency), currency, locale=LOCALE)


def _local(moment: datetime) -> str:
    """A local time as a traveller reads it; strftime's %-d is not on every platform."""
    return f"{moment:%A}, {moment.day} {moment:%B %Y, %H:%M}"


def _moment(moment: str) -> str:
    """A moment of an event's payload, as a reader anywhere can place it."""
    return f"{_local(datetime.fromisoformat(moment).astimezone(UTC))} UTC"

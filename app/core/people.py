"""How people write what they are reached by: e-mail addresses and phone numbers, in one spelling each."""

from typing import Annotated

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

MAX_NAME_LENGTH = 100


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


def _phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise ValueError("a phone number starts with + and its country code") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("there is no such phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


EmailAddress = Annotated[
    str, Field(max_length=254, examples=["ada.lovelace@example.com"]), AfterValidator(_email)
]
PhoneNumber = Annotated[str, Field(max_length=32, examples=["+12125550123"]), AfterValidator(_phone)]
PersonName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH, pattern=r"\S", examples=["Ada"])]

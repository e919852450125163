"""What clients send to be written to, and to answer the letter."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.core.http import Schema
from app.core.people import EmailAddress
from app.identity.schemas import MAX_TOKEN_LENGTH, GivenPassword, NewPassword


class Purpose(StrEnum):
    PASSWORD_RESET = "password_reset"
    EMAIL_VERIFICATION = "email_verification"
    EMAIL_CHANGE = "email_change"


MailTokenText = Annotated[
    str, Field(max_length=MAX_TOKEN_LENGTH, examples=["mS8yWv0c1dR6p0eXlQm3K2nF7uJtB9aGhZ4iYoTsLrE"])
]


class PasswordResetRequest(Schema):
    email: EmailAddress


class PasswordReset(Schema):
    token: MailTokenText
    new_password: NewPassword


class EmailVerification(Schema):
    token: MailTokenText


class EmailChange(Schema):
    """The new address, and the present password."""

    email: EmailAddress
    password: GivenPassword


class LetterUnderWay(Schema):
    """Said to everybody alike: whether a letter goes out is between us and the address."""

    detail: str = "If the address belongs to an account, a letter is on its way to it."

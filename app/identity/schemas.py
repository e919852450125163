"""What clients send to register and log in, and what they get."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from app.core.http import Schema
from app.core.ids import SessionId, UserId
from app.core.people import EmailAddress, PersonName, PhoneNumber
from app.core.security import Role

MIN_PASSWORD_LENGTH = 8
# Long enough for any sentence; a bound, because hashing reads all of it.
MAX_PASSWORD_LENGTH = 128
MAX_TOKEN_LENGTH = 200

_PHRASE = "a long and private sentence"

NewPassword = Annotated[
    SecretStr, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH, examples=[_PHRASE])
]
GivenPassword = Annotated[SecretStr, Field(max_length=MAX_PASSWORD_LENGTH, examples=[_PHRASE])]
RefreshTokenText = Annotated[
    str, Field(max_length=MAX_TOKEN_LENGTH, examples=["fSk9yQ2nB1c5VJd0pUeR7wXzL4mHtG8iKo3aNb6sYqE"])
]
# Six digits of an authenticator, or a recovery code with its dashes.
SecondFactorCode = Annotated[str, Field(min_length=6, max_length=40, examples=["123456"])]


class UserCreate(Schema):
    email: EmailAddress
    password: NewPassword
    given_name: PersonName
    family_name: PersonName
    phone: PhoneNumber | None = None
    marketing_consent: bool = False


class User(Schema):
    id: UserId
    email: EmailAddress
    given_name: str
    family_name: str
    phone: str | None
    roles: list[Role]
    marketing_consent: bool
    created_at: datetime
    email_verified: bool = Field(default=False, description="Whether a letter to the address was answered")


class UserChange(Schema):
    """What is left out stays as it is; a phone number is removed by null."""

    given_name: PersonName = Field(default="")
    family_name: PersonName = Field(default="")
    phone: PhoneNumber | None = None
    marketing_consent: bool | None = None


class ConsentPurpose(StrEnum):
    MARKETING = "marketing"


class ConsentDecision(Schema):
    purpose: ConsentPurpose
    is_given: bool
    decided_at: datetime


class ConsentHistory(Schema):
    """Every decision, the oldest first; the last of a purpose counts."""

    data: list[ConsentDecision]


class Credentials(Schema):
    email: EmailAddress
    password: GivenPassword
    code: SecondFactorCode | None = Field(
        default=None, description="Where the account has a second factor", examples=["123456"]
    )


class RefreshRequest(Schema):
    refresh_token: RefreshTokenText


class Tokens(Schema):
    """A short access token for every call, and a refresh token that is exchanged once for the next pair."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds until the access token ends", examples=[900])
    refresh_token: str
    refresh_expires_at: datetime


class PasswordChange(Schema):
    current_password: GivenPassword
    new_password: NewPassword


class SecondFactorRequest(Schema):
    code: SecondFactorCode


class SteppedUp(Schema):
    """An access token that says when the second factor was given; the refresh token stays the same."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds until the access token ends", examples=[900])
    second_factor_at: datetime


class Session(Schema):
    """One log-in that has not ended. Where it came from is kept only as long as it lives."""

    id: SessionId
    created_at: datetime
    last_used_at: datetime
    is_current: bool
    second_factor_at: datetime | None
    ip: str | None = Field(examples=["203.0.113.7"])
    user_agent: str | None = Field(examples=["Mozilla/5.0 (X11; Linux x86_64)"])


class SessionList(Schema):
    data: list[Session]


class SessionsEnded(Schema):
    ended: int


class JsonWebKey(Schema):
    """RFC 8037: an Ed25519 public key."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class JsonWebKeySet(Schema):
    keys: list[JsonWebKey]

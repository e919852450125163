"""What clients send to register and log in, and what they get."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from app.core.http import Schema
from app.core.ids import UserId
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


class Credentials(Schema):
    email: EmailAddress
    password: GivenPassword


class RefreshRequest(Schema):
    refresh_token: RefreshTokenText


class Tokens(Schema):
    """A short access token for every call, and a refresh token that is exchanged once for the next pair."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds until the access token ends", examples=[900])
    refresh_token: str
    refresh_expires_at: datetime


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

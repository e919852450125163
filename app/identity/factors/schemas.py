"""What clients send and get to set up a second factor."""

from pydantic import Field

from app.core.http import Schema
from app.identity.schemas import SecondFactorCode


class FactorStatus(Schema):
    is_enabled: bool
    recovery_codes_left: int


class FactorEnrolment(Schema):
    """Shown once. It opens nothing until a first code has confirmed that it was kept."""

    secret: str = Field(description="To be typed in", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    otpauth_uri: str = Field(
        description="To be shown as a picture",
        examples=["otpauth://totp/Contrail:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Contrail"],
    )


class FactorConfirmation(Schema):
    code: SecondFactorCode


class RecoveryCodes(Schema):
    """Shown once; each opens the account once when the authenticator is lost."""

    recovery_codes: list[str] = Field(examples=[["aaaa-bbbb-cccc-dddd"]])

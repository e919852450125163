"""Letters that prove an address, over HTTP."""

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.security import CurrentCaller
from app.identity.access import ensure_person
from app.identity.recovery import address_service, service
from app.identity.recovery.schemas import (
    EmailChange,
    EmailVerification,
    LetterUnderWay,
    PasswordReset,
    PasswordResetRequest,
)

router = APIRouter(prefix="/v1", tags=["identity"], responses=PROBLEM_RESPONSES)


@router.post("/auth/password-reset", summary="Ask for a letter to choose a new password", status_code=202)
async def request_password_reset(body: PasswordResetRequest) -> LetterUnderWay:
    """The answer does not tell whether the address is known. At most three letters go out an hour."""
    await service.request_reset(body.email)
    return LetterUnderWay()


@router.post("/auth/password-reset/confirm", summary="Choose a new password", status_code=204)
async def reset_password(body: PasswordReset) -> None:
    """With the token of the letter, which works once and for 30 minutes. Every session ends."""
    await service.reset_password(body)


@router.post("/me/email", summary="Ask for another e-mail address", status_code=202)
async def request_email_change(body: EmailChange, caller: CurrentCaller) -> LetterUnderWay:
    """A letter goes to the new address; until it is answered the present one stays. An address that has an
    account gets no letter, and the answer does not tell."""
    await address_service.request_change(caller, body)
    return LetterUnderWay()


@router.post("/auth/email-change/confirm", summary="Take the new e-mail address", status_code=204)
async def confirm_email_change(body: EmailVerification, tx: Transaction) -> None:
    """With the token of the letter, which works once and for two hours."""
    await address_service.confirm_change(tx, body.token)


@router.post("/me/email-verification", summary="Ask for another letter to verify my address", status_code=202)
async def request_email_verification(caller: CurrentCaller, tx: Transaction) -> LetterUnderWay:
    """The first letter goes out by itself when the account is made."""
    await service.request_verification(tx, ensure_person(caller))
    return LetterUnderWay()


@router.post("/auth/email-verification/confirm", summary="Verify an e-mail address", status_code=204)
async def verify_email(body: EmailVerification, tx: Transaction) -> None:
    """With the token of the letter, which works once and for three days."""
    await service.verify_email(tx, body.token)

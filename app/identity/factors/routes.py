"""Second factors over HTTP."""

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.security import CurrentCaller, require_step_up
from app.identity.access import ensure_person
from app.identity.factors import service
from app.identity.factors.schemas import FactorConfirmation, FactorEnrolment, FactorStatus, RecoveryCodes

router = APIRouter(prefix="/v1/me/second-factor", tags=["identity"], responses=PROBLEM_RESPONSES)


@router.get("", summary="Read whether I have a second factor", status_code=200)
async def get_second_factor(caller: CurrentCaller, tx: Transaction) -> FactorStatus:
    return await service.get_status(tx, ensure_person(caller))


@router.post("", summary="Begin to set up a second factor", status_code=201)
async def enrol_second_factor(caller: CurrentCaller, tx: Transaction) -> FactorEnrolment:
    """The secret is shown this once. Nothing changes until a first code confirms it."""
    return await service.enrol(tx, ensure_person(caller))


@router.post("/confirm", summary="Confirm a second factor by a first code", status_code=200)
async def confirm_second_factor(body: FactorConfirmation, caller: CurrentCaller) -> RecoveryCodes:
    """From now on a log-in asks for a code. The recovery codes are shown this once."""
    return await service.confirm(ensure_person(caller), body.code)


@router.delete("", summary="Remove my second factor", status_code=204, dependencies=[require_step_up()])
async def remove_second_factor(caller: CurrentCaller, tx: Transaction) -> None:
    """Needs a code given in the last 15 minutes. Roles of staff open nothing without a second factor."""
    await service.remove(tx, ensure_person(caller))

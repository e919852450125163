"""Set up a second factor, and say whether a code is good."""

from datetime import UTC, datetime
from uuid import UUID

import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import vault
from app.core.db import transaction
from app.identity.errors import SecondFactorWrong
from app.identity.factors import rules, store
from app.identity.factors.errors import FactorAbsent, FactorEnabled
from app.identity.factors.schemas import FactorEnrolment, FactorStatus, RecoveryCodes
from app.identity.rules import lock_after

ISSUER = "Contrail"
SEED_KIND = "totp_seed"


async def get_status(session: AsyncSession, user_id: UUID) -> FactorStatus:
    found = await store.factor_status(session, user_id)
    return FactorStatus(is_enabled=found.is_enabled, recovery_codes_left=found.recovery_codes_left)


async def enrol(session: AsyncSession, user_id: UUID) -> FactorEnrolment:
    """Make a seed; an unconfirmed one before it ends. Raises FactorEnabled."""
    seed = pyotp.random_base32()
    sealed = await vault.seal(session, user_id, seed.encode(), SEED_KIND)
    if not await store.claim_factor(session, user_id, sealed):
        raise FactorEnabled()
    person = (await vault.get_people(session, [user_id]))[user_id]
    return FactorEnrolment(secret=seed, otpauth_uri=rules.enrolment_uri(seed, person["email"], ISSUER))


async def confirm(user_id: UUID, code: str) -> RecoveryCodes:
    """The first code proves that the seed was kept: from now on log-ins ask for one.

    Raises FactorAbsent, FactorEnabled, SecondFactorWrong. Takes no session, as `give` does."""
    codes = rules.new_recovery_codes()
    if await _try(user_id, code, [rules.recovery_hash(user_id, each) for each in codes]) is None:
        raise SecondFactorWrong(pointer="/code")
    return RecoveryCodes(recovery_codes=codes)


async def give(user_id: UUID, code: str) -> datetime:
    """Take a code of the authenticator or a recovery code, once; when it was given.

    Raises FactorAbsent, SecondFactorWrong. Takes no session: a wrong code is counted in a transaction of its
    own, since the refusal rolls the request's back."""
    given_at = await _try(user_id, code, None)
    if given_at is None:
        raise SecondFactorWrong(pointer="/code")
    return given_at


async def remove(session: AsyncSession, user_id: UUID) -> None:
    """The account needs no second factor any more; for staff that ends what their roles open."""
    await store.delete_factor(session, user_id)


async def _try(user_id: UUID, code: str, recovery_hashes: list[bytes] | None) -> datetime | None:
    """Recovery codes come with the first code, in the transaction that makes it count."""
    now, is_first = datetime.now(UTC), recovery_hashes is not None
    async with transaction() as session:
        factor = await store.find_factor_for_update(session, user_id)
        if factor is None or (factor.confirmed_at is None and not is_first):
            raise FactorAbsent()
        if factor.confirmed_at is not None and is_first:
            raise FactorEnabled()
        if factor.is_locked:
            return None
        seed = (await vault.unseal(session, user_id, factor.sealed_seed, SEED_KIND)).decode()
        counter = rules.matching_counter(seed, code, now, factor.last_counter)
        if counter is None and await store.use_recovery_code(
            session, user_id, rules.recovery_hash(user_id, code)
        ):
            counter = factor.last_counter
        if counter is not None:
            await store.accept_code(session, user_id, counter)
            if recovery_hashes is not None:
                await store.insert_recovery_codes(session, user_id, recovery_hashes)
            return now
        lock = lock_after(await store.note_failure(session, user_id))
        if lock is not None:
            await store.lock_factor(session, user_id, lock)
        return None

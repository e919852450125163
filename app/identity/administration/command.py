"""Roles from the command line: the way to the first admin, whom no admin can make."""

import asyncio
from uuid import UUID

from app.core.db import engine, transaction
from app.core.errors import DomainError
from app.core.ids import decode
from app.core.security import Role
from app.identity.administration import service
from app.identity.administration.schemas import RolesChange

ACTOR = "command line"
REASON = "given on the command line"


class GrantRefused(Exception):
    """What was asked cannot be done; the words are for the caller."""


def run(user_id: str, roles: list[str]) -> str:
    """Give a user these roles beside customer; what was done, in a sentence. Raises GrantRefused."""
    try:
        key = decode("usr", user_id)
        wanted = [Role.CUSTOMER, *(Role(role) for role in roles)]
    except ValueError as error:
        raise GrantRefused(f"{error}; roles are {', '.join(Role)}") from None
    return asyncio.run(_grant(key, RolesChange(roles=wanted, reason=REASON)))


async def _grant(key: UUID, change: RolesChange) -> str:
    try:
        async with transaction() as session:
            user = await service.grant_roles(session, ACTOR, key, change)
    except DomainError as error:
        raise GrantRefused(error.detail or error.title) from None
    finally:
        await engine().dispose()
    return f"roles: {', '.join(user.roles)}; they count from a log-in with a second factor"

"""The statements of the administration of users, one a function."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_COLUMNS = """
    users.id,
    users.status,
    users.created_at,
    coalesce(logins.email_verified_at is not null, false) as is_email_verified,
    coalesce(second_factors.confirmed_at is not null, false) as has_second_factor,
    array(select role from app.user_roles where user_id = users.id order by role) as roles
"""
_FROM = """
    from app.users
    left join vault.logins on logins.user_id = users.id
    left join vault.second_factors on second_factors.user_id = users.id
"""
_MATCHES = """
    (cast(:status as text) is null or users.status = :status)
    and (
        cast(:role as text) is null
        or exists (select from app.user_roles where user_id = users.id and role = :role)
    )
"""
_LIST = text(f"""
    select {_COLUMNS} {_FROM}
    where {_MATCHES} and (cast(:place as uuid) is null or users.id < :place)
    order by users.id desc
    limit :limit
""")
_LIST_BACKWARDS = text(f"""
    select {_COLUMNS} {_FROM} where {_MATCHES} and users.id > :place order by users.id limit :limit
""")
_FIND = text(f"select {_COLUMNS} {_FROM} where users.id = :id")
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('identity.roles', 0))")
_COUNT_OTHER_ADMINS = text("""
    select count(*) from app.user_roles
    join app.users on users.id = user_roles.user_id and users.status = 'active'
    where user_roles.role = 'admin' and user_roles.user_id <> :user_id
""")
_DELETE_ROLES = text("delete from app.user_roles where user_id = :user_id and role <> all(:roles)")
_INSERT_ROLE = text("""
    insert into app.user_roles (user_id, role) values (:user_id, :role) on conflict do nothing
""")
_SET_STATUS = text("""
    update app.users set status = :status, updated_at = now() where id = :id and status = :present
""")


async def list_users(
    session: AsyncSession,
    place: UUID | None,
    status: str | None,
    role: str | None,
    limit: int,
    *,
    is_backwards: bool,
) -> Sequence[Row[Any]]:
    """From beyond a place, the newest first; backwards, the oldest first. As `find_user`."""
    parameters = {"place": place, "status": status, "role": role, "limit": limit}
    return (await session.execute(_LIST_BACKWARDS if is_backwards else _LIST, parameters)).all()


async def find_user(session: AsyncSession, user_id: UUID) -> Row[Any] | None:
    """(id, status, created_at, is_email_verified, has_second_factor, roles)"""
    return (await session.execute(_FIND, {"id": user_id})).one_or_none()


async def lock_roles_for_update(session: AsyncSession) -> None:
    """Roles change one at a time, or two admins could take each other's role and leave none."""
    await session.execute(_ONE_AT_A_TIME)


async def count_other_admins(session: AsyncSession, user_id: UUID) -> int:
    return int((await session.execute(_COUNT_OTHER_ADMINS, {"user_id": user_id})).scalar_one())


async def keep_roles(session: AsyncSession, user_id: UUID, roles: list[str]) -> None:
    """Take away every role that is not among these."""
    await session.execute(_DELETE_ROLES, {"user_id": user_id, "roles": roles})


async def add_role(session: AsyncSession, user_id: UUID, role: str) -> None:
    await session.execute(_INSERT_ROLE, {"user_id": user_id, "role": role})


async def set_status(session: AsyncSession, user_id: UUID, present: str, status: str) -> bool:
    parameters = {"id": user_id, "present": present, "status": status}
    return await execute_and_count(session, _SET_STATUS, parameters) == 1

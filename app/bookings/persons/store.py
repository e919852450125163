"""The statements about people in bookings, one a function."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_OF_USER = text("""
    select id from app.bookings
    where user_id = :user_id and (cast(:after as uuid) is null or id > :after)
    order by id
    limit :limit
    for update
""")
_SUBJECTS = text("""
    select contact_subject_id as subject_id from app.bookings where id = any(:booking_ids)
    union
    select subject_id from app.passengers where booking_id = any(:booking_ids)
""")
_OF_GROUPS = text("select contact_subject_id from app.groups where user_id = :user_id")
_OPEN = text("""
    select distinct bookings.id, segments.flight_id
    from app.bookings
    join app.segments on segments.booking_id = bookings.id and segments.status = 'live'
    where bookings.user_id = :user_id and bookings.status in ('held', 'confirmed', 'ticketed')
""")
_FORGET = text("""
    update app.bookings set
        email_hash = null,
        phone_hash = null,
        device_hash = null,
        ip_hash = null,
        ip24_hash = null,
        surname_hashes = '{}',
        prior_hashes = null,
        ip_country = null,
        ip_airport = null,
        updated_at = now()
    where id = any(:booking_ids)
""")
# By who is still in the vault, so that what is done is not found again.
_UNPAID = text("""
    select bookings.id
    from app.bookings
    where bookings.status = 'expired'
        and bookings.expired_at < :before
        and exists (select from vault.people where people.subject_id = bookings.contact_subject_id)
    order by bookings.id
    limit :limit
    for update skip locked
""")
_LONG_AGO = text("""
    select bookings.id
    from app.bookings
    where bookings.created_at < :before
        and exists (select from vault.people where people.subject_id = bookings.contact_subject_id)
    order by bookings.id
    limit :limit
    for update skip locked
""")


async def list_bookings_for_update(
    session: AsyncSession, user_id: UUID, after: UUID | None, limit: int
) -> list[UUID]:
    """From beyond one, the oldest first. Locks them, in that order."""
    parameters = {"user_id": user_id, "after": after, "limit": limit}
    return list((await session.scalars(_OF_USER, parameters)).all())


async def find_subjects(session: AsyncSession, booking_ids: list[UUID]) -> list[UUID]:
    """Everybody who is named in these bookings."""
    return list((await session.scalars(_SUBJECTS, {"booking_ids": booking_ids})).all())


async def find_group_contacts(session: AsyncSession, user_id: UUID) -> list[UUID]:
    """How the groups of a user are reached, beside their bookings."""
    return list((await session.scalars(_OF_GROUPS, {"user_id": user_id})).all())


async def find_open_flights(session: AsyncSession, user_id: UUID) -> Sequence[Row[Any]]:
    """(id, flight_id) of every flight the user's living bookings hold."""
    return (await session.execute(_OPEN, {"user_id": user_id})).all()


async def forget_bookers(session: AsyncSession, booking_ids: list[UUID]) -> int:
    return await execute_and_count(session, _FORGET, {"booking_ids": booking_ids})


async def find_unpaid_for_update(session: AsyncSession, before: datetime, limit: int) -> list[UUID]:
    """Bookings that expired unpaid before then and still have names. Locks them."""
    return list((await session.scalars(_UNPAID, {"before": before, "limit": limit})).all())


async def find_old_for_update(session: AsyncSession, before: datetime, limit: int) -> list[UUID]:
    """Bookings made before then that still have names. Locks them."""
    return list((await session.scalars(_LONG_AGO, {"before": before, "limit": limit})).all())

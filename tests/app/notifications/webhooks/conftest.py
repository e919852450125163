"""A customer, things that happened to their bookings, and a receiver on this machine."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from app.core.config import get_settings
from app.core.ids import uuid7
from app.core.security import Role, mint_access_token
from tests.app.departures import make_booking
from tests.app.notifications.webhooks.receiver import Receiver, receiving

Owner = psycopg.Connection[tuple[object, ...]]
Happen = Callable[..., UUID]


@pytest.fixture(autouse=True)
def loopback(core_settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CONTRAIL_WEBHOOKS_TO_LOOPBACK", "true")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def make_user(owner: Owner) -> Callable[[], UUID]:
    def make() -> UUID:
        user_id = uuid7()
        owner.execute(
            "insert into app.users (id, status, email_hash, marketing_consent, simulated, created_at) "
            "values (%s, 'active', %s, false, false, now())",
            (user_id, f"k1:{user_id.hex}"),
        )
        return user_id

    return make


@pytest.fixture
def user(make_user: Callable[[], UUID]) -> UUID:
    return make_user()


@pytest.fixture
def as_user(user: UUID) -> dict[str, str]:
    return {"authorization": f"Bearer {mint_access_token(user, uuid7(), [Role.CUSTOMER])}"}


@pytest.fixture
def happen(owner: Owner) -> Happen:
    def write(user_id: UUID, event_type: str, ago: timedelta = timedelta(minutes=5)) -> UUID:
        """An event of a booking of the user's, as it would have been written some time ago."""
        booking_id = make_booking(owner)
        owner.execute("update app.bookings set user_id = %s where id = %s", (user_id, booking_id))
        at = datetime.now(UTC) - ago
        event_id = UUID(int=int(at.timestamp() * 1000) << 80 | uuid7().int & ((1 << 80) - 1))
        payload = {"entities": {"ip": "k1:00"}, "payment_id": str(uuid7()), "total_minor": 5}
        owner.execute(
            "insert into app.domain_events (id, type, entity_type, entity_id, booking_id, payload, "
            "occurred_at, request_id) values (%s, %s, 'booking', %s, %s, %s, %s, 'test')",
            (event_id, event_type, booking_id, booking_id, json.dumps(payload), at),
        )
        return event_id

    return write

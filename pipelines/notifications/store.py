"""live.notification_requests: each request once, whatever is replayed."""

import msgspec
import psycopg

from pipelines import metrics
from pipelines.notifications.requests import NotificationRequest
from pipelines.postgres import LiveDatabase, write_or_refuse
from pipelines.records import BadMessage

FLOW = "notifications"
CHANNEL = "notifications"

INSERT = """
with added as (
    insert into live.notification_requests (
        request_id, event_id, event_type, booking_id, subject_id, channel, template, payload, occurred_at,
        source_ts
    )
    select
        request_id, event_id, event_type, booking_id, subject_id, channel, template, payload, occurred_at,
        'epoch'::timestamptz + source_ts_us * interval '1 microsecond'
    from json_to_recordset(%(rows)s::json) as t (
        request_id uuid,
        event_id uuid,
        event_type text,
        booking_id uuid,
        subject_id uuid,
        channel text,
        template text,
        payload jsonb,
        occurred_at timestamptz,
        source_ts_us bigint
    )
    on conflict (request_id) do nothing
    returning request_id
)

select pg_notify(%(channel)s, count(*)::text) from added having count(*) > 0
"""


class RequestTable:
    """Writes requests; what cannot be written passes on as BadMessage."""

    def __init__(self, database: LiveDatabase) -> None:
        self._database = database

    def write(self, items: list[NotificationRequest | BadMessage]) -> list[BadMessage]:
        """Add the requests that are new and NOTIFY that there are some."""
        bad = [item for item in items if isinstance(item, BadMessage)]
        requests = [item for item in items if isinstance(item, NotificationRequest)]
        refused = write_or_refuse(requests, self._insert, lambda item: item.event.change)
        metrics.count_written(FLOW, [item.event.change for item in requests])
        return bad + refused

    def _insert(self, requests: list[NotificationRequest]) -> None:
        rows = msgspec.json.encode([_row(item) for item in requests]).decode()

        def work(connection: psycopg.Connection) -> None:
            connection.execute(INSERT, {"rows": rows, "channel": CHANNEL}, prepare=True)

        self._database.run(work)


def _row(item: NotificationRequest) -> dict[str, object]:
    return {
        "request_id": item.request_id,
        "event_id": item.event.id,
        "event_type": item.event.type,
        "booking_id": item.event.booking_id,
        "subject_id": item.subject_id,
        "channel": item.channel,
        "template": item.template,
        "payload": item.payload,
        "occurred_at": item.event.occurred_at,
        "source_ts_us": item.event.change.source_ts_us,
    }

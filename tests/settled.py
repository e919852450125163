"""When the streams are quiet: what was derived equals what it was derived from."""

from email.parser import BytesParser
from pathlib import Path

from pipelines.notifications.requests import NOTIFIED
from tests.stack import Stack, wait_until

_UNEQUAL = """
    select count(*) from app.cabin_inventories c
    full join live.availability a on a.flight_id = c.flight_id and a.cabin = c.cabin
    where (c.authorised, c.limits, c.held, c.sold, app.seats_open(c.limits, c.held, c.sold))
        is distinct from (a.authorised, a.limits, a.held, a.sold, a.seats_open)
"""


def wait_until_availability_equals_recount(stack: Stack) -> None:
    with stack.database("app_ro") as core:

        def unequal() -> bool:
            row = core.execute(_UNEQUAL).fetchone()
            return row == (0,)

        wait_until("live availability to equal the recount", unequal)


def mail_events(stack: Stack) -> int:
    with stack.database("app_ro") as core:
        row = core.execute(
            "select count(*) from app.domain_events where type = any(%s)", (sorted(NOTIFIED),)
        ).fetchone()
    assert row is not None
    return int(row[0])


def message_ids(stack: Stack) -> list[str]:
    """The Message-ID of every mail the sink accepted, repeats included."""
    parser = BytesParser()
    found = []
    for path in [p for p in Path(stack.home / "mail").rglob("*") if p.is_file()]:
        with path.open("rb") as mail:
            found.append(str(parser.parse(mail, headersonly=True)["Message-ID"]))
    return found


def wait_until_mail_is_delivered(stack: Stack) -> None:
    """One message an event and recipient: as many distinct Message-IDs as events, none missing."""
    wait_until("a mail for every event", lambda: len(set(message_ids(stack))) == mail_events(stack) > 0)

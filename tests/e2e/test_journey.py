"""One booking walks from HTTP through Postgres, Debezium, Kafka and the lake to a dashboard."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import duckdb
import pytest

from tests.settled import message_ids, wait_until_availability_equals_recount, wait_until_mail_is_delivered
from tests.stack import Stack, wait_until
from tests.travellers import Traveller, good_card

pytestmark = pytest.mark.stack


def published(stack: Stack) -> duckdb.DuckDBPyConnection:
    folder = stack.home / "published"
    pointer = json.loads((folder / "current.json").read_text())
    return duckdb.connect(str(folder / pointer["path"]), read_only=True)


def velocity_signals(stack: Stack) -> int:
    with stack.database("app_ro") as core:
        row = core.execute(
            "select count(*) from live.fraud_signals where rule_id = 'V1' and entity_kind = 'device'"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.timeout(600)
def test_a_booking_walks_from_http_to_a_dashboard(stack: Stack) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    with stack.client() as client:
        client.headers["contrail-device-id"] = f"phone {uuid4()}"
        traveller = Traveller(client).register()
        offer = traveller.search("EWR", "SFO", day, adults=2)[0]
        booking = traveller.book(offer, str(uuid4())).raise_for_status().json()
        payment = traveller.pay(booking["id"], str(uuid4()), good_card()).raise_for_status().json()
        kept = client.get(f"/v1/bookings/{booking['id']}", headers=traveller.headers()).json()
        second = traveller.book(offer, str(uuid4())).raise_for_status().json()
        traveller.pay(second["id"], str(uuid4()), good_card()).raise_for_status()
        traveller.cancel(second["id"], str(uuid4())).raise_for_status()
        traveller.book(offer, str(uuid4())).raise_for_status()

    assert payment["status"] == "captured"
    assert kept["status"] == "ticketed"

    wait_until("a signal for three bookings from one device", lambda: velocity_signals(stack) > 0)
    wait_until_availability_equals_recount(stack)
    wait_until_mail_is_delivered(stack)
    assert len(message_ids(stack)) == len(set(message_ids(stack)))
    stack.run("orchestration.refresh", "--json")

    with published(stack) as marts:
        row = marts.execute(
            "select status, passenger_count, captured_minor, refunded_minor, request_id is not null "
            "from marts.fct_booking where pnr = ?", [kept["pnr"]]
        ).fetchone()  # fmt: skip
        cancelled = marts.execute(
            "select status, captured_minor - refunded_minor = live_items_minor + penalties_minor "
            "from marts.fct_booking where pnr = ?", [second["pnr"]]
        ).fetchone()  # fmt: skip
    assert row == ("ticketed", 2, kept["total"]["amount_minor"], 0, True)
    assert cancelled == ("cancelled", True)

    pages = stack.run("deploy.bench.pages", "--json")
    assert all(page["ok"] for page in json.loads(pages.stdout)), pages.stdout

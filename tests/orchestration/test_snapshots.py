"""What a snapshot sees, value by value; the SQL form is held to the same answers in test_reconciliation."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestration.snapshots import WRAP, Snapshot

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_snapshot_reads_what_postgres_writes() -> None:
    snapshot = Snapshot.parse("10:20:10,14,15", NOW)

    assert snapshot == Snapshot(10, 20, (10, 14, 15), NOW)
    assert str(snapshot) == "10:20:10,14,15"


def test_a_snapshot_without_running_transactions_reads_back() -> None:
    assert str(Snapshot.parse("20:20:", NOW)) == "20:20:"


def test_finished_transactions_are_seen_and_running_or_later_ones_are_not() -> None:
    snapshot = Snapshot.parse("10:20:10,14", NOW)

    seen = [tx_id for tx_id in range(8, 23) if snapshot.sees(tx_id, NOW)]

    assert seen == [8, 9, 11, 12, 13, 15, 16, 17, 18, 19]


@given(epoch=st.integers(0, 5), place=st.integers(3, WRAP - 1), ago=st.integers(1, 2**31))
def test_a_transaction_number_that_lost_its_epoch_is_still_seen(epoch: int, place: int, ago: int) -> None:
    xmax = epoch * WRAP + place
    snapshot = Snapshot(xmax, xmax, (), NOW)

    assert snapshot.sees((xmax - ago) % WRAP, NOW)


@given(epoch=st.integers(0, 5), place=st.integers(3, WRAP - 1), ahead=st.integers(0, 2**31 - 1))
def test_a_later_transaction_is_not_seen_across_an_epoch(epoch: int, place: int, ahead: int) -> None:
    xmax = epoch * WRAP + place
    snapshot = Snapshot(xmax, xmax, (), NOW)

    assert not snapshot.sees((xmax + ahead) % WRAP, NOW)


def test_a_running_transaction_is_not_seen_by_its_short_number() -> None:
    running = 3 * WRAP + 7
    snapshot = Snapshot(running, running + 5, (running,), NOW)

    assert not snapshot.sees(7, NOW)
    assert snapshot.sees(8, NOW)


def test_what_was_committed_a_day_ago_is_seen_whatever_its_number() -> None:
    snapshot = Snapshot(WRAP + 10, WRAP + 10, (), NOW)

    assert snapshot.sees(2**31 + 100, NOW - timedelta(days=2))
    assert not snapshot.sees(11, NOW)

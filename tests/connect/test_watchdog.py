from prometheus_client import CollectorRegistry

from connect.metrics import Metrics
from connect.register import describe
from connect.slot import Slot
from connect.watchdog import LONGEST_PAUSE_SECONDS, RESTARTS_BEFORE_ALARM, Restarts


def slot(wal_status: str = "reserved", kept_bytes: int = 0) -> Slot:
    return Slot(wal_status, True, kept_bytes, 0, 1000)


def test_restarts_come_more_and_more_slowly_and_then_alarm() -> None:
    restarts = Restarts()
    now = 0.0
    pauses = []

    for _ in range(8):
        assert restarts.is_due(now)
        restarts.note(now)
        assert not restarts.is_due(now)
        pauses.append(restarts.not_before - now)
        now = restarts.not_before

    assert pauses == sorted(pauses)
    assert pauses[0] <= 2
    assert max(pauses) == LONGEST_PAUSE_SECONDS


def test_alarm_is_raised_after_three_restarts() -> None:
    restarts = Restarts()

    alarms = []
    for _ in range(RESTARTS_BEFORE_ALARM):
        alarms.append(restarts.is_alarming)
        restarts.note(0)

    assert alarms == [False, False, False]
    assert restarts.is_alarming


def test_a_slot_that_keeps_half_of_what_it_may_is_an_alarm() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    def alarm() -> float | None:
        return registry.get_sample_value("contrail_capture_alarm", {"reason": "slot"})

    metrics.note_slot(slot(kept_bytes=500))
    assert alarm() == 0
    metrics.note_slot(slot(kept_bytes=501))
    assert alarm() == 1
    metrics.note_slot(slot(wal_status="lost"))
    assert alarm() == 1


def test_state_of_the_connector_is_a_metric() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    metrics.note_connector({"connector": {"state": "RUNNING"}, "tasks": [{"state": "FAILED"}]})

    assert registry.get_sample_value("contrail_connector_state", {"state": "RUNNING"}) == 1
    assert registry.get_sample_value("contrail_connector_state", {"state": "FAILED"}) == 0
    assert registry.get_sample_value("contrail_connector_failed_tasks") == 1


def test_alarm_says_when_it_changes() -> None:
    metrics = Metrics(CollectorRegistry())

    changes = [metrics.raise_alarm("heartbeat", is_up) for is_up in (False, True, True, False)]

    assert changes == [False, True, False, True]


def test_a_failed_task_is_described_by_the_first_line_it_said() -> None:
    status = {
        "connector": {"state": "RUNNING"},
        "tasks": [{"state": "FAILED", "trace": "ConnectException: no slot\n\tat io.debezium"}],
    }

    assert describe(status) == "connector RUNNING, tasks FAILED: ConnectException: no slot"
    assert describe(None) == "the connector is not registered"

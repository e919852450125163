"""What capture tells Prometheus."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.registry import REGISTRY

from connect.slot import Slot

STATES = ("RUNNING", "FAILED", "PAUSED", "STOPPED", "UNASSIGNED", "RESTARTING", "ABSENT")


class Metrics:
    """The watchdog's figures; `raise_alarm` also remembers which alarms are up."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.connector_state = Gauge(
            "contrail_connector_state", "1 for the state the connector is in.", ["state"], registry=registry
        )
        self.failed_tasks = Gauge("contrail_connector_failed_tasks", "Tasks that failed.", registry=registry)
        self.restarts = Counter("contrail_connector_restarts", "Restarts by the watchdog.", registry=registry)
        self.slot_lag_bytes = Gauge(
            "contrail_slot_lag_bytes", "Log the connector has not confirmed.", registry=registry
        )
        self.slot_kept_bytes = Gauge(
            "contrail_slot_wal_kept_bytes", "Log Postgres keeps for the slot.", registry=registry
        )
        self.slot_limit_bytes = Gauge(
            "contrail_slot_wal_limit_bytes", "Log Postgres keeps before the slot is lost.", registry=registry
        )
        self.slot_active = Gauge(
            "contrail_slot_active", "1 while somebody reads the slot.", registry=registry
        )
        self.slots_lost = Counter("contrail_slots_lost", "Slots lost and made anew.", registry=registry)
        self.heartbeat_age_seconds = Gauge(
            "contrail_heartbeat_age_seconds",
            "Age of the newest heartbeat that came from Postgres to Kafka.",
            registry=registry,
        )
        self.alarm = Gauge(
            "contrail_capture_alarm", "1 while a person should look.", ["reason"], registry=registry
        )
        self._up: set[str] = set()

    def note_connector(self, status: dict[str, Any] | None) -> None:
        present = status["connector"]["state"] if status else "ABSENT"
        for state in STATES:
            self.connector_state.labels(state).set(state == present)
        tasks = status["tasks"] if status else []
        self.failed_tasks.set(sum(task["state"] == "FAILED" for task in tasks))

    def note_slot(self, slot: Slot | None) -> None:
        self.slot_active.set(slot is not None and slot.active)
        self.slot_lag_bytes.set(slot.lag_bytes if slot else 0)
        self.slot_kept_bytes.set(slot.kept_bytes if slot else 0)
        self.slot_limit_bytes.set(slot.limit_bytes if slot else 0)
        self.raise_alarm("slot", slot is not None and (slot.is_lost or slot.is_filling))

    def raise_alarm(self, reason: str, is_up: bool) -> bool:
        """Show an alarm as up or down; whether that is a change."""
        self.alarm.labels(reason).set(is_up)
        changed = is_up != (reason in self._up)
        if is_up:
            self._up.add(reason)
        else:
            self._up.discard(reason)
        return changed

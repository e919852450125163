"""What each flow tells Prometheus, on CONTRAIL_METRICS_PORT + the flow's place in FLOWS."""

import time
from collections import Counter as Tally
from collections.abc import Iterable, Sequence

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from pipelines.config import PipelineError, Settings
from pipelines.records import BadMessage, Change

LAG = Gauge("contrail_flow_lag_messages", "Messages not yet read.", ["flow", "topic", "partition"])
LAST_EVENT = Gauge("contrail_flow_last_event_time_seconds", "Newest commit time handled.", ["flow"])
DEAD_LETTERS = Counter(
    "contrail_flow_dead_letters_total", "Messages sent to dead letters.", ["flow", "topic"]
)
WRITTEN = Counter("contrail_flow_written_total", "Changes whose effect is written.", ["flow"])
LATENCY = Histogram(
    "contrail_flow_commit_to_write_seconds",
    "From the commit in the core to the effect of the change; snapshot rows are left out.",
    ["flow"],
    buckets=(0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 15, 60),
)
COMMIT_FAILURES = Counter(
    "contrail_flow_position_commit_failures_total", "Positions not published.", ["flow"]
)
SIGNALS = Counter("contrail_fraud_signals_total", "Signals raised for the first time.", ["rule"])
REFUSED_RULES = Gauge("contrail_fraud_rules_refused", "Rows of app.fraud_rules nobody can apply.")


def serve(settings: Settings, flow: str) -> None:
    """Serve the metrics of this process. Raises PipelineError when the port is taken."""
    port = settings.metrics_port_of(flow)
    try:
        start_http_server(port, addr=settings.host)
    except OSError as error:
        raise PipelineError(
            f"cannot serve metrics on {settings.host}:{port} ({error.strerror}): set CONTRAIL_METRICS_PORT"
        ) from error


def count_written(flow: str, changes: Sequence[Change]) -> None:
    """Record that the effect of these changes can be seen now."""
    if not changes:
        return
    WRITTEN.labels(flow).inc(len(changes))
    note_last_event(flow, max(change.source_ts_us for change in changes))
    observe_latency(flow, (change.source_ts_us / 1e6 for change in changes if not change.is_snapshot))


def note_last_event(flow: str, committed_us: int) -> None:
    LAST_EVENT.labels(flow).set(committed_us / 1e6)


def observe_latency(flow: str, committed: Iterable[float]) -> None:
    """Record how long ago the commits were, in seconds since 1970, whose effect can be seen now."""
    now = time.time()
    latency = LATENCY.labels(flow)
    for moment in committed:
        latency.observe(max(0.0, now - moment))


def count_dead_letters(flow: str, bad: Iterable[BadMessage]) -> None:
    for topic, count in Tally(item.message.chain.topic for item in bad).items():
        DEAD_LETTERS.labels(flow, topic).inc(count)


def count_signals(rule_ids: Iterable[str]) -> None:
    for rule_id, count in Tally(rule_ids).items():
        SIGNALS.labels(rule_id).inc(count)

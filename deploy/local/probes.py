"""Asking a part whether it does its work: a query, a request, a greeting. Never whether it merely runs."""

import http.client as http_client
import importlib
import re
import smtplib
import socket
import urllib.error
import urllib.request
from collections.abc import Callable

from deploy.local.postgres import answers, cluster_settings, superuser_dsn
from deploy.local.settings import StackSettings

PROBE_TIMEOUT_SECONDS = 2.0
# The daemon notes a heartbeat every 30 s and is unhealthy without one for longer than this.
DAEMON_HEARTBEAT_SECONDS = 90

Probe = Callable[[StackSettings], bool]

_ALARM_UP = re.compile(r"^contrail_capture_alarm\{.*\} 1", re.MULTILINE)

# The daemon is one process with several duties; the one that launches runs stands for it.
_DAEMON_BEATS = """
select exists (
    select 1 from daemon_heartbeats
    where daemon_type = 'SENSOR' and timestamp > (now() at time zone 'UTC') - make_interval(secs => %s)
)
"""


def postgres(cluster: str) -> Probe:
    def probe(settings: StackSettings) -> bool:
        return answers(superuser_dsn(*cluster_settings(settings, cluster)))

    return probe


def kafka(settings: StackSettings) -> bool:
    """The broker answers with its metadata and names itself in it."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    # log_level 0: a broker that is still starting would fill the terminal with refused connections.
    admin = AdminClient({"bootstrap.servers": f"{settings.host}:{settings.ports.kafka}", "log_level": 0})
    try:
        return len(admin.list_topics(timeout=PROBE_TIMEOUT_SECONDS).brokers) > 0
    except KafkaException:
        return False


def http(url: Callable[[StackSettings], str]) -> Probe:
    """A GET that answers 200."""

    return lambda settings: _get(url(settings)) is not None


def capture(metrics: Callable[[StackSettings], str]) -> Probe:
    """The connector's watchdog answers, and none of its alarms is up."""

    def probe(settings: StackSettings) -> bool:
        page = _get(metrics(settings))
        return page is not None and _ALARM_UP.search(page) is None

    return probe


def _get(url: str) -> str | None:
    """The body of an answer with status 200; None for any other and for none."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_SECONDS) as answer:  # nosec B310
            return answer.read().decode() if answer.status == 200 else None
    except (urllib.error.URLError, OSError, http_client.HTTPException):
        return None


def valkey(settings: StackSettings) -> bool:
    """The store answers a PING."""
    address = (settings.host, settings.ports.valkey)
    try:
        with socket.create_connection(address, PROBE_TIMEOUT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def smtp(settings: StackSettings) -> bool:
    try:
        with smtplib.SMTP(settings.host, settings.ports.smtp, timeout=PROBE_TIMEOUT_SECONDS) as client:
            return client.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def dagster_code(settings: StackSettings) -> bool:
    """The code server says that its definitions are loaded."""
    grpc = importlib.import_module("grpc")
    health = importlib.import_module("grpc_health.v1.health_pb2")
    services = importlib.import_module("grpc_health.v1.health_pb2_grpc")
    with grpc.insecure_channel(f"unix:{settings.socket_path('dagster.sock')}") as channel:
        stub = services.HealthStub(channel)
        try:
            answer = stub.Check(
                health.HealthCheckRequest(service="DagsterApi"), timeout=PROBE_TIMEOUT_SECONDS
            )
        except grpc.RpcError:
            return False
    return bool(answer.status == health.HealthCheckResponse.SERVING)


def dagster_daemon(settings: StackSettings) -> bool:
    import psycopg

    dsn = settings.dsn("warehouse", "dagster", "dagster", "dagster_password")
    try:
        with psycopg.connect(dsn) as connection:
            row = connection.execute(_DAEMON_BEATS, (DAEMON_HEARTBEAT_SECONDS,)).fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return False
    return row == (True,)

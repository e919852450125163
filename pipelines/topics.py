"""The only list of topics, and the command that makes them: `python -m pipelines.topics ensure|list`."""

import sys
from typing import Annotated, NamedTuple

import msgspec
import typer
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from pipelines.cluster import admin_client
from pipelines.config import PipelineError, Settings

PREFIX = "contrail"
CAPTURED = (
    "airports",
    "airlines",
    "aircraft_types",
    "routes",
    "schedules",
    "flights",
    "flight_outcomes",
    "cabin_inventories",
    "fare_products",
    "fx_rates",
    "search_events",
    "fraud_rules",
    "users",
    "bookings",
    "booking_items",
    "passengers",
    "segments",
    "seat_holds",
    "seat_assignments",
    "tickets",
    "coupons",
    "cancellations",
    "payments",
    "refunds",
    "journal_entries",
    "domain_events",
    "notification_deliveries",
)
HEARTBEAT = "contrail.app.heartbeat"
FRAUD_SIGNALS = "contrail.live.fraud_signals"
CABIN_INVENTORIES = "contrail.app.cabin_inventories"
DOMAIN_EVENTS = "contrail.app.domain_events"
CDC = (*(f"{PREFIX}.app.{table}" for table in CAPTURED), HEARTBEAT, FRAUD_SIGNALS)
DEBEZIUM_HEARTBEAT = f"__debezium-heartbeat.{PREFIX}"
ALERTS = "contrail.fraud.alerts"

DEAD_LETTER_RETENTION_HOURS = 30 * 24  # a person may be on holiday when the first one arrives
LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024  # what the broker takes
LARGEST_DEAD_LETTER_BYTES = LARGEST_MESSAGE_BYTES + 64 * 1024  # the same message and its headers
REQUEST_TIMEOUT_SECONDS = 30.0


class Topic(NamedTuple):
    """A topic and how it is kept."""

    name: str
    partitions: int
    retention_hours: int
    max_message_bytes: int = LARGEST_MESSAGE_BYTES


def topic_of(schema: str, table: str) -> str:
    return f"{PREFIX}.{schema}.{table}"


def dead_letters_of(topic: str) -> str:
    return f"dlq.{topic}"


def every_topic(settings: Settings) -> list[Topic]:
    """All topics of the platform; the change topics share one number of partitions."""
    width, hours = settings.kafka_partitions, settings.kafka_retention_hours
    return [
        *(Topic(name, width, hours) for name in CDC),
        Topic(DEBEZIUM_HEARTBEAT, 1, hours),
        Topic(ALERTS, width, hours),
        *(
            Topic(dead_letters_of(name), 1, DEAD_LETTER_RETENTION_HOURS, LARGEST_DEAD_LETTER_BYTES)
            for name in CDC
        ),
    ]


def ensure(settings: Settings) -> list[str]:
    """Create what is missing, widen and re-configure what is there; return the names created."""
    admin = admin_client(settings.bootstrap)
    topics = every_topic(settings)
    try:
        present = admin.list_topics(timeout=REQUEST_TIMEOUT_SECONDS).topics
        missing = [topic for topic in topics if topic.name not in present]
        narrow = [t for t in topics if t.name in present and len(present[t.name].partitions) < t.partitions]
        _create(admin, missing, settings.kafka_replication)
        _widen(admin, narrow)
        _configure(admin, [topic for topic in topics if topic.name in present], settings.kafka_replication)
    except KafkaException as error:
        raise PipelineError(
            f"cannot ensure the topics at {settings.bootstrap}: {error.args[0].str()}; is Kafka up?"
        ) from error
    return [topic.name for topic in missing]


def _config(topic: Topic, replication: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_hours * 3_600_000),
        "max.message.bytes": str(topic.max_message_bytes),
        "min.insync.replicas": str(max(1, replication - 1)),
    }


def _create(admin: AdminClient, topics: list[Topic], replication: int) -> None:
    if not topics:
        return
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=replication,
            config=_config(topic, replication),
        )
        for topic in topics
    ]
    for future in admin.create_topics(wanted, operation_timeout=REQUEST_TIMEOUT_SECONDS).values():
        future.result(timeout=REQUEST_TIMEOUT_SECONDS)


def _widen(admin: AdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    wanted = [NewPartitions(topic.name, topic.partitions) for topic in topics]
    for future in admin.create_partitions(wanted).values():
        future.result(timeout=REQUEST_TIMEOUT_SECONDS)


def _configure(admin: AdminClient, topics: list[Topic], replication: int) -> None:
    if not topics:
        return
    wanted = [
        ConfigResource(
            ResourceType.TOPIC,
            topic.name,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in _config(topic, replication).items()
            ],
        )
        for topic in topics
    ]
    for future in admin.incremental_alter_configs(wanted).values():
        future.result(timeout=REQUEST_TIMEOUT_SECONDS)


cli = typer.Typer(add_completion=False, no_args_is_help=True, help="The topics of the platform.")


@cli.command("ensure")
def ensure_command() -> None:
    """Create the topics that are missing. Example: python -m pipelines.topics ensure"""
    settings = Settings()
    try:
        created = ensure(settings)
    except PipelineError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"{len(every_topic(settings))} topics are there, {len(created)} of them new", file=sys.stderr)


@cli.command("list")
def list_command(json: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False) -> None:
    """List the topics. Example: python -m pipelines.topics list --json"""
    topics = every_topic(Settings())
    if json:
        print(msgspec.json.encode([topic._asdict() for topic in topics]).decode())
        return
    for topic in topics:
        print(topic.name)


if __name__ == "__main__":
    cli()

"""Questions to the Kafka cluster: which partitions there are, where they begin and end."""

from collections.abc import Iterable, Sequence
from typing import Any

import stamina
from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from pipelines.config import PipelineError
from pipelines.records import Chain

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 3  # with their time-outs about 30 s in all: Kafka starts in 3
GIVE_UP_AFTER_SECONDS = 60.0


def client_config(bootstrap: str) -> dict[str, Any]:
    """What every client of the cluster is configured with."""
    return {
        "bootstrap.servers": bootstrap,
        "reconnect.backoff.max.ms": 1_000,
        "log_level": 2,  # what matters comes back as an error; a missing broker would log 20 lines a second
    }


def admin_client(bootstrap: str) -> AdminClient:
    return AdminClient({**client_config(bootstrap), "socket.timeout.ms": int(TIMEOUT_SECONDS * 1000)})


def chains_of(bootstrap: str, topics: Sequence[str]) -> list[Chain]:
    """Every partition of `topics` with its topic's id. Raises PipelineError when one is missing."""
    try:
        for attempt in stamina.retry_context(
            on=_may_pass, attempts=ATTEMPTS, timeout=GIVE_UP_AFTER_SECONDS, wait_max=5.0
        ):
            with attempt:
                return _chains_of(bootstrap, topics)
    except KafkaException as error:
        raise PipelineError(
            f"Kafka at {bootstrap} cannot describe {topics[0]} ({error.args[0].str()}): is it up, and did "
            "`python -m pipelines.topics ensure` run?"
        ) from error
    raise AssertionError("unreachable: the loop returns or raises")


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help: a topic that is not there stays away."""
    return isinstance(error, KafkaException) and error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART


def _chains_of(bootstrap: str, topics: Sequence[str]) -> list[Chain]:
    admin = admin_client(bootstrap)  # held until the answers are there: without it they never come
    futures = admin.describe_topics(TopicCollection(list(topics)), request_timeout=TIMEOUT_SECONDS)
    described = [future.result(timeout=TIMEOUT_SECONDS) for future in futures.values()]
    return [
        Chain(topic.name, file_safe(str(topic.topic_id)), partition.id)
        for topic in described
        for partition in topic.partitions
    ]


def file_safe(topic_id: str) -> str:
    """The id as Kafka's own tools write it: the client library's base64 has slashes, this has none."""
    return topic_id.replace("+", "-").replace("/", "_")


def first_offset(consumer: Consumer, chain: Chain) -> int:
    """The oldest offset Kafka still has."""
    where = TopicPartition(chain.topic, chain.partition)
    try:
        low, _ = consumer.get_watermark_offsets(where, timeout=TIMEOUT_SECONDS)
    except KafkaException as error:
        raise PipelineError(f"Kafka cannot say where {chain.topic} begins: {error.args[0].str()}") from error
    return int(low)


def end_offsets(bootstrap: str, chains: Iterable[Chain]) -> dict[Chain, int]:
    """Where each partition ends for a reader of committed data. Raises PipelineError."""
    wanted = {TopicPartition(chain.topic, chain.partition): chain for chain in chains}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    admin = admin_client(bootstrap)
    futures = admin.list_offsets(
        dict.fromkeys(wanted, latest),
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=TIMEOUT_SECONDS,
    )
    try:
        return {
            wanted[where]: future.result(timeout=TIMEOUT_SECONDS).offset for where, future in futures.items()
        }
    except KafkaException as error:
        raise PipelineError(f"Kafka at {bootstrap} cannot say where its topics end: {error}") from error

"""How far each flow has got, for whoever waits for it: `python -m pipelines.positions [--json]`.

Landing's position is the manifest's next offset. The other flows commit theirs to the consumer group
contrail-<flow> when everything below has been written, at most two epochs (2 s) late.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from pipelines.cluster import TIMEOUT_SECONDS, admin_client, chains_of, end_offsets
from pipelines.config import FLOWS, PipelineError, Settings
from pipelines.kafka import group_of
from pipelines.landing.manifest import last_lines
from pipelines.records import Chain
from pipelines.topics import CABIN_INVENTORIES, CDC, DOMAIN_EVENTS

TOPICS: Mapping[str, Sequence[str]] = {
    "landing": CDC,
    "availability": (CABIN_INVENTORIES,),
    "fraud": (DOMAIN_EVENTS,),
    "notifications": (DOMAIN_EVENTS,),
}


class Behind(msgspec.Struct, frozen=True):
    """What a flow has not written yet of one partition; `position` is null when it never said."""

    flow: str
    topic: str
    partition: int
    position: int | None
    end: int

    @property
    def messages(self) -> int:
        return self.end - (self.position or 0)


def landing_positions(lake: Path) -> dict[Chain, int]:
    """Up to where each topic partition is in the lake. Safe to call while landing writes."""
    return {chain: line.next_offset for chain, line in last_lines(lake).items()}


def group_positions(bootstrap: str, flow: str, chains: Sequence[Chain]) -> dict[Chain, int]:
    """Up to where `flow` has written what it reads. Raises PipelineError."""
    wanted = {(chain.topic, chain.partition): chain for chain in chains}
    request = ConsumerGroupTopicPartitions(group_of(flow), [TopicPartition(*where) for where in wanted])
    admin = admin_client(bootstrap)
    futures = admin.list_consumer_group_offsets([request])
    try:
        answer = futures[group_of(flow)].result(timeout=TIMEOUT_SECONDS)
    except KafkaException as error:
        raise PipelineError(f"Kafka at {bootstrap} cannot say where {flow} is: {error}") from error
    return {wanted[p.topic, p.partition]: p.offset for p in answer.topic_partitions if p.offset >= 0}


def ends(settings: Settings) -> dict[Chain, int]:
    """Where every captured topic partition ends now. Take it first, then wait for `behind` to be empty."""
    return end_offsets(settings.bootstrap, chains_of(settings.bootstrap, CDC))


def behind(settings: Settings, flow: str, until: Mapping[Chain, int]) -> list[Behind]:
    """The partitions of `flow` that have not passed the offsets `until`. Empty when it is through."""
    chains = [chain for chain in until if chain.topic in TOPICS[flow]]
    if flow == "landing":
        positions = landing_positions(settings.lake)
    else:
        positions = group_positions(settings.bootstrap, flow, chains)
    return [
        Behind(flow, chain.topic, chain.partition, positions.get(chain), until[chain])
        for chain in chains
        if positions.get(chain, 0) < until[chain]
    ]


def main(json: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False) -> None:
    """Show what each flow has not written yet. Example: python -m pipelines.positions --json"""
    settings = Settings()
    try:
        until = ends(settings)
        found = [item for flow in FLOWS for item in behind(settings, flow, until)]
    except PipelineError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error
    if json:
        print(msgspec.json.encode([msgspec.structs.asdict(item) for item in found]).decode())
        return
    for item in found:
        print(f"{item.flow} {item.topic} {item.partition}: {item.messages} behind")
    if not found:
        print("every flow is through", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)

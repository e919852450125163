"""The list of topics holds together."""

from pipelines.config import Settings
from pipelines.topics import ALERTS, CDC, DEBEZIUM_HEARTBEAT, LARGEST_MESSAGE_BYTES, every_topic


def test_every_captured_topic_has_a_place_for_its_dead_letters() -> None:
    names = [topic.name for topic in every_topic(Settings())]

    assert len(names) == len(set(names))
    assert set(names) == {*CDC, *(f"dlq.{name}" for name in CDC), ALERTS, DEBEZIUM_HEARTBEAT}


def test_the_change_topics_share_one_number_of_partitions() -> None:
    topics = {topic.name: topic for topic in every_topic(Settings(kafka_partitions=3))}

    assert {topics[name].partitions for name in CDC} == {3}


def test_a_dead_letter_has_room_for_the_largest_message_and_its_headers() -> None:
    topics = {topic.name: topic for topic in every_topic(Settings())}

    assert all(topics[f"dlq.{name}"].max_message_bytes > LARGEST_MESSAGE_BYTES for name in CDC)

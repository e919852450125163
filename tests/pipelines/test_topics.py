"""The list of topics holds together."""

from pipelines.cluster import file_safe
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


def test_a_topic_id_can_be_part_of_a_file_name() -> None:
    """About every third id has a slash as the client library writes it: landing could not make the file."""
    assert file_safe("CMZGGZsDTKaF9Q/gtA8L+w") == "CMZGGZsDTKaF9Q_gtA8L-w"

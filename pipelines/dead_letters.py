"""Dead letters: a bad message goes to dlq.<topic>, byte for byte, with what is known about it in headers."""

from collections.abc import Callable
from datetime import UTC, datetime

from pipelines import metrics
from pipelines.records import BadMessage, OutgoingMessage
from pipelines.topics import dead_letters_of

MAX_REASON_CHARS = 500  # a reason may quote input; headers stay small


def addressed_by(flow: str) -> Callable[[list[BadMessage]], list[OutgoingMessage]]:
    """The step that counts and addresses the bad messages of `flow`."""

    def address(bad: list[BadMessage]) -> list[OutgoingMessage]:
        metrics.count_dead_letters(flow, bad)
        now = datetime.now(UTC)
        return [dead_letter(item, flow, now) for item in bad]

    return address


def dead_letter(bad: BadMessage, flow: str, now: datetime) -> OutgoingMessage:
    """Address a bad message. A message that was re-driven and failed again keeps its first time."""
    message = bad.message
    earlier = dict(message.headers)
    stamp = now.astimezone(UTC).isoformat().encode()
    headers = {
        "topic": message.chain.topic.encode(),
        "partition": str(message.chain.partition).encode(),
        "offset": str(message.offset).encode(),
        "flow": flow.encode(),
        "reason": bad.reason[:MAX_REASON_CHARS].encode(errors="backslashreplace"),
        "first_failed_at": earlier.get("first_failed_at", stamp),
        "last_failed_at": stamp,
        "attempts": str(_attempts(earlier.get("attempts", b"0")) + 1).encode(),
    }
    key = message.key if message.key is not None else b""
    return OutgoingMessage(dead_letters_of(message.chain.topic), key, message.value, tuple(headers.items()))


def _attempts(header: bytes) -> int:
    return int(header) if header.isdigit() and len(header) < 10 else 0

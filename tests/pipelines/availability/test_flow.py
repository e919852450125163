"""Availability as a whole, on lists."""

from bytewax.testing import TestingSink, TestingSource

from pipelines.availability.flow import build
from pipelines.availability.inventory import InventoryChange
from pipelines.records import BadMessage, OutgoingMessage
from pipelines.topics import CABIN_INVENTORIES
from tests.pipelines.messages import inventory_message, inventory_row, raw, run


class Written:
    """Stands where the table is, and keeps what it is given."""

    def __init__(self) -> None:
        self.changes: list[InventoryChange] = []

    def write(self, items: list[InventoryChange | BadMessage]) -> list[BadMessage]:
        self.changes += [item for item in items if isinstance(item, InventoryChange)]
        return [item for item in items if isinstance(item, BadMessage)]


def test_poison_goes_to_dead_letters_and_the_rest_goes_on() -> None:
    messages = [
        inventory_message(0, inventory_row(), lsn=10),
        raw(CABIN_INVENTORIES, 1, b"\x00poison"),
        inventory_message(2, inventory_row(limits="none"), lsn=11),
        inventory_message(3, inventory_row(), lsn=12, op="d"),
        raw(CABIN_INVENTORIES, 4, None),
        inventory_message(5, inventory_row(), lsn=13),
    ]
    written = Written()
    letters: list[OutgoingMessage] = []

    run(build(TestingSource(messages, batch_size=4), written.write, TestingSink(letters)))

    assert [item.change.message.offset for item in written.changes] == [0, 3, 5]
    assert [dict(letter.headers)["offset"] for letter in letters] == [b"1", b"2", b"4"]
    assert {letter.topic for letter in letters} == {f"dlq.{CABIN_INVENTORIES}"}
    assert letters[0].value == b"\x00poison"

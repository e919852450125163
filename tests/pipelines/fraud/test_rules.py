"""Rules are data: rows nobody can apply are refused with a reason, and the others still hold."""

from typing import Any

import pytest

from pipelines.fraud.rules import rule_book
from tests.pipelines.fraud.book import ALWAYS, ROWS
from tests.pipelines.messages import START_US


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"windows": "soon"}, "Expected"),
        ({"windows": [{"seconds": 0, "limits": {"ip": 4}}]}, "int"),
        ({"windows": [{"seconds": 600, "limits": {"ip": 0}}]}, "int"),
        ({"windows": [{"seconds": 600, "limits": {"email": 4}}]}, "does not apply to email"),
        ({"id": "ZZ9"}, "no measure"),
    ],
)
def test_a_row_that_cannot_be_applied_is_refused(change: dict[str, Any], reason: str) -> None:
    rows = [{**row, **ALWAYS} for row in ROWS]
    rows[0] = {**rows[0], **change}

    book = rule_book(rows)

    (refused,) = book.refused
    assert reason in refused.reason
    assert {rule.id for rule in book.in_force(START_US)} == {"V1", "S1"}

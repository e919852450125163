"""Makes a small core database tell its rows as Debezium would."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from orchestration.contracts import Column, TableContract, contracts
from tests.orchestration.lake import Change


@dataclass
class Captured:
    """Reads rows of the core and numbers their changes."""

    connection: psycopg.Connection[Any]
    lsn: int = field(default=1000)

    def snapshot(self) -> Iterator[Change]:
        """Every row of every captured table, as an initial snapshot sends it."""
        for source, contract in contracts().items():
            for row in self.rows(source):
                yield self.change(contract, row, "r", snapshot=True)

    def rows(self, source: str, where: str = "true") -> list[dict[str, Any]]:
        """The rows of one table as the connector writes them."""
        self.connection.execute("set timezone = 'UTC'")
        contract = contracts()[source]
        documents = [column.name for column in contract.columns if column.type == "jsonb"]
        as_text = ", ".join(f"'{name}', t.\"{name}\"::text" for name in documents)
        query = (
            f"select (to_jsonb(t) || jsonb_build_object({as_text}))::text from {source} as t where {where}"
        )
        found = self.connection.execute(query.encode())
        return [_as_debezium(contract, json.loads(row[0], parse_float=_Number)) for row in found]

    def change(
        self, contract: TableContract, row: dict[str, Any], op: str, *, snapshot: bool = False, tx_id: int = 1
    ) -> Change:
        """One change of `row`, at the next LSN."""
        self.lsn += 1
        key = {name: row[name] for name in contract.primary_key}
        at = datetime.now(UTC)
        return Change(contract.source, op, key, self.lsn, None if op == "d" else row, tx_id, at, snapshot)


class _Number(float):
    """A float that remembers how it was written: numerics travel as text."""

    def __new__(cls, text: str) -> "_Number":
        number = super().__new__(cls, text)
        number.text = text  # type: ignore[attr-defined]
        return number


def _as_debezium(contract: TableContract, row: dict[str, Any]) -> dict[str, Any]:
    return {column.name: _value(column, row[column.name]) for column in contract.columns}


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.type.startswith("numeric"):
        return getattr(value, "text", str(value))
    if column.type in ("date", "time without time zone", "timestamp without time zone"):
        return f"{value}Z"
    if column.type == "timestamp with time zone":
        return value.replace("+00:00", "Z")
    return float(value) if isinstance(value, _Number) else value

"""Owns the contract of each captured table: columns, types, nullability and key, as the core exports them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CONTRACTS = Path(__file__).with_name("contracts.json")

# Every table the streams write is in schema live; all others are the core's.
LIVE_TABLES = frozenset({"fraud_signals"})


@dataclass(frozen=True)
class Column:
    """One column; `type` as Postgres' format_type spells it."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class TableContract:
    """What one captured table's rows look like."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    personal: bool

    @property
    def source(self) -> str:
        """The qualified name, as src_table spells it."""
        return f"{'live' if self.name in LIVE_TABLES else 'app'}.{self.name}"


@cache
def contracts() -> dict[str, TableContract]:
    """Every contract, by qualified table name."""
    return {contract.source: contract for contract in parse(CONTRACTS.read_text(encoding="utf-8"))}


def parse(text: str) -> list[TableContract]:
    """Read an exported contract file."""
    return [
        TableContract(
            name=name,
            columns=tuple(Column(c["name"], c["type"], c["nullable"]) for c in body["columns"]),
            primary_key=tuple(body["primary_key"]),
            personal=body["personal"],
        )
        for name, body in json.loads(text).items()
    ]

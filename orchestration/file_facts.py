"""Owns the measuring of one landed file: DuckDB counts what breaks the contract, no row leaves the engine."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.contracts import Column, TableContract
from orchestration.manifest import Line

PARQUET_COLUMNS = {
    "topic_id": "VARCHAR",
    "topic": "VARCHAR",
    "kpart": "INTEGER",
    "koffset": "BIGINT",
    "src_table": "VARCHAR",
    "op": "VARCHAR",
    "is_snapshot": "BOOLEAN",
    "pk": "VARCHAR",
    "lsn": "BIGINT",
    "tx_id": "BIGINT",
    "source_ts": "TIMESTAMP WITH TIME ZONE",
    "connector_ts": "TIMESTAMP WITH TIME ZONE",
    "kafka_ts": "TIMESTAMP WITH TIME ZONE",
    "landed_at": "TIMESTAMP WITH TIME ZONE",
    "before": "VARCHAR",
    "after": "VARCHAR",
    "schema_fp": "VARCHAR",
}

# Clocks of the database and of this machine may differ by this much before a commit is "in the future".
CLOCK_TOLERANCE_SECONDS = 300

# What Debezium sends in place of a wide value that the update did not touch.
UNAVAILABLE = "__debezium_unavailable_value"

# Columns of `FileFacts.violations`, each a count that must be zero.
RULES = (
    "wrong_columns",
    "wrong_row_count",
    "wrong_coordinates",
    "repeated_coordinates",
    "offsets_out_of_range",
    "unknown_operation",
    "unreadable_key",
    "commit_time_missing_or_in_future",
    "image_missing",
    "wrong_shape",
)

_NUMBERS = {"smallint", "integer", "bigint", "double precision", "real"}
_CASTS = {
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "double precision": "double",
    "uuid": "uuid",
    "boolean": "boolean",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamptz",
}


@dataclass(frozen=True)
class FileFacts:
    """Counts of one file, by rule; `extra_columns` names what the contract does not know yet."""

    path: str
    violations: dict[str, int]
    extra_columns: tuple[str, ...]


def measure(
    engine: duckdb.DuckDBPyConnection, lake: Path, line: Line, contract: TableContract | None
) -> FileFacts:
    """Count each rule's violations in the file of `line`. No Parquet is wrong_columns."""
    assert line.path is not None, "a line without rows has no file"
    file = str(lake / line.path)
    try:
        found = engine.execute(
            "describe select * from read_parquet($1, hive_partitioning = false)", [file]
        ).fetchall()
    except (duckdb.InvalidInputException, duckdb.IOException):
        return FileFacts(line.path, dict.fromkeys(RULES, 0) | {"wrong_columns": 1}, ())
    if {row[0]: row[1] for row in found} != PARQUET_COLUMNS:
        return FileFacts(line.path, dict.fromkeys(RULES, 0) | {"wrong_columns": 1}, ())
    counts = engine.execute(_count_query(contract), _parameters(file, line, contract)).fetchone()
    assert counts is not None, "an aggregate always has a row"
    violations = dict(zip(RULES, (0, *(int(count or 0) for count in counts)), strict=True))
    return FileFacts(line.path, violations, _extra_columns(engine, file, contract))


def _count_query(contract: TableContract | None) -> str:
    keys = "true"
    shape = "false"
    if contract:
        keys = f"list_sort(json_keys(pk)) = {_list(sorted(contract.primary_key))}"
        shape = " or ".join(_column_is_wrong(i, column) for i, column in enumerate(contract.columns, start=1))
    return f"""
        with rows as (
            select
                *,
                {_paths(contract, "json_type")} as types,
                {_paths(contract, "json_extract_string")} as texts
            from read_parquet($file, hive_partitioning = false)
        )
        select
            case when count(*) = $row_count then 0 else 1 end,
            count(*) filter (
                where topic is distinct from $topic or topic_id is distinct from $topic_id
                    or kpart is distinct from $partition or src_table is distinct from $source
            ),
            count(*) - count(distinct koffset),
            count(*) filter (where koffset is null or koffset < $start_offset or koffset >= $next_offset),
            count(*) filter (where op is null or op not in ('c', 'u', 'd', 'r') or is_snapshot is null),
            count(*) filter (where not coalesce(json_valid(pk) and {keys}, false) or lsn is null),
            count(*) filter (
                where source_ts is null or source_ts > now() + interval '{CLOCK_TOLERANCE_SECONDS} seconds'
            ),
            count(*) filter (
                where (op <> 'd' and not coalesce(json_valid(after), false))
                    or (op = 'd' and after is not null)
                    or (before is not null and not json_valid(before))
            ),
            count(*) filter (where op <> 'd' and coalesce(json_valid(after), false) and ({shape}))
        from rows
    """


def _parameters(file: str, line: Line, contract: TableContract | None) -> dict[str, object]:
    return {
        "file": file,
        "row_count": line.rows,
        "topic": line.topic,
        "topic_id": line.topic_id,
        "partition": line.partition,
        "source": contract.source if contract else line.topic.partition(".")[2],
        "start_offset": line.start_offset,
        "next_offset": line.next_offset,
    }


def _paths(contract: TableContract | None, function: str) -> str:
    if contract is None:
        return "[]"
    image = "case when json_valid(after) then after end"
    return f"{function}({image}, {_list(['$.' + column.name for column in contract.columns])})"


def _column_is_wrong(index: int, column: Column) -> str:
    """The condition under which one value does not fit its column."""
    kind, text = f"types[{index}]", f"texts[{index}]"
    is_null = f"coalesce({kind}, 'NULL') = 'NULL'"
    fits = f"{kind} in ({_json_types(column.type)}) and {_text_fits(text, column.type)}"
    if not column.type.endswith("[]"):
        fits = f"({fits} or {text} = '{UNAVAILABLE}')"
    return f"not coalesce(case when {is_null} then {str(column.nullable).lower()} else {fits} end, false)"


def _json_types(type_name: str) -> str:
    if type_name.endswith("[]"):
        return "'ARRAY'"
    if type_name in _NUMBERS:
        return "'BIGINT', 'UBIGINT', 'DOUBLE'"
    return "'BOOLEAN'" if type_name == "boolean" else "'VARCHAR'"


def _text_fits(text: str, type_name: str) -> str:
    if type_name in _CASTS:
        return f"try_cast({text} as {_CASTS[type_name]}) is not null"
    if type_name.startswith("numeric"):
        return f"regexp_full_match({text}, '-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?')"
    if type_name == "date":
        return f"try_cast(left({text}, 10) as date) is not null"
    if type_name.startswith("time without"):
        return f"try_cast(rtrim({text}, 'Z') as time) is not null"
    return f"json_valid({text})" if type_name in ("jsonb", "json") else "true"


def _extra_columns(
    engine: duckdb.DuckDBPyConnection, file: str, contract: TableContract | None
) -> tuple[str, ...]:
    if contract is None:
        return ()
    found = engine.execute(
        "select distinct unnest(json_keys(after)) "
        "from read_parquet($1, hive_partitioning = false) where json_valid(after)",
        [file],
    ).fetchall()
    return tuple(sorted({row[0] for row in found} - {column.name for column in contract.columns}))


def _list(names: list[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"

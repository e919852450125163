"""Owns the contract of landed files: Great Expectations judges what DuckDB counted, file by file."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contracts import TableContract, contracts
from orchestration.file_facts import RULES, FileFacts, measure
from orchestration.manifest import Line

SUITE = "landed_files"


@dataclass(frozen=True)
class Verdict:
    """What the contract says of one file: a reason to refuse it, or the columns it did not expect."""

    path: str
    reason: str | None
    extra_columns: tuple[str, ...]


def judge(engine: duckdb.DuckDBPyConnection, lake: Path, lines: list[Line]) -> dict[str, Verdict]:
    """Validate the files of `lines`, all in one run of the suite. Returns a verdict by path."""
    facts = [measure(engine, lake, line, contract_of(line)) for line in lines if line.path]
    if not facts:
        return {}
    failed = _failed_rules(facts)
    return {
        fact.path: Verdict(fact.path, _reason(fact, failed.get(fact.path, [])), fact.extra_columns)
        for fact in facts
    }


def contract_of(line: Line) -> TableContract | None:
    """The contract of a topic's table; heartbeats have none of their own."""
    return contracts().get(line.topic.partition(".")[2])


def _reason(fact: FileFacts, rules: list[str]) -> str | None:
    if not rules:
        return None
    return "contract: " + ", ".join(f"{rule} in {fact.violations[rule]} rows" for rule in rules)


def _failed_rules(facts: list[FileFacts]) -> dict[str, list[str]]:
    """Run the suite over one row of counts per file. Counts only: no value of a row is stored."""
    gx = _great_expectations()
    import pandas as pd

    frame = pd.DataFrame([{"path": fact.path, **fact.violations} for fact in facts])
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset(SUITE)
    batch = asset.add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(gx.ExpectationSuite(name=SUITE))
    for rule in RULES:
        suite.add_expectation(
            gx.expectations.ExpectColumnValuesToBeBetween(column=rule, min_value=0, max_value=0)
        )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=SUITE, data=batch, suite=suite)
    )
    result = definition.run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["path"]},
    )
    return _by_path(result)


def _by_path(result: Any) -> dict[str, list[str]]:
    failed: dict[str, list[str]] = {}
    for outcome in result.results:
        if outcome.exception_info.get("raised_exception"):
            raise RuntimeError(f"the contract could not be checked: {outcome.exception_info}")
        if not outcome.success:
            for index in outcome.result["unexpected_index_list"]:
                failed.setdefault(index["path"], []).append(outcome.expectation_config.kwargs["column"])
    return failed


def _great_expectations() -> Any:
    """Import late: it costs seconds, and only a load with files needs it."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        # It imports modules of the standard library that are deprecated; no one here can change that.
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations

    return great_expectations

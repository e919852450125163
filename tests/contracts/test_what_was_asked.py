"""The README's table is kept true: every path in it exists, every test in it is there, or it says planned."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEADING = "## What was asked"


def rows(text: str) -> list[list[str]]:
    table = text.split(HEADING, 1)[1].split("\n## ", 1)[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def problems(row: list[str]) -> list[str]:
    """What is wrong with one row: asked, counterpart, test or check."""
    if len(row) != 3 or not all(row):
        return [f"not three filled cells: {row}"]
    asked, counterpart, shown_by = row
    found = [f"{asked}: no such path {path}" for path in re.findall(r"`([^`]+/[^`]*)`", counterpart)
             if not (ROOT / path).exists()]  # fmt: skip
    if counterpart.startswith("planned"):
        return found if shown_by == "planned" else [*found, f"{asked}: planned, yet names a test"]
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown_by)
    checks = re.findall(r"`make (\w+)`", shown_by)
    if not tests and not checks:
        found.append(f"{asked}: no test or check named")
    for path, name in tests:
        source = (ROOT / path).read_text() if (ROOT / path).exists() else ""
        if f"def {name}(" not in source:
            found.append(f"{asked}: no such test {path}::{name}")
    makefile = (ROOT / "Makefile").read_text()
    found += [f"{asked}: no such target make {c}" for c in checks if f"\n{c}:" not in makefile]
    return found


def test_the_table_is_true() -> None:
    table = rows((ROOT / "README.md").read_text())

    assert len(table) >= 50
    assert [problem for row in table for problem in problems(row)] == []


def test_a_false_row_would_be_found() -> None:
    assert problems(["a thing", "`app/nowhere/`", "`tests/contracts/test_house.py::test_nothing`"])
    assert problems(["a thing", "planned", "`make test`"])
    assert problems(["a thing", "`app/core/`", "trust us"])

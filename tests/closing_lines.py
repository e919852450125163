"""The order of a run, and its last lines: what was not run, and why."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the whole stack come last, so that it does not run beside all the others."""
    items.sort(key=lambda item: item.get_closest_marker("stack") is not None)


@pytest.hookimpl(hookwrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter):  # type: ignore[no-untyped-def]
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = terminalreporter.stats.get("deselected", [])
    drills = sum(1 for item in left_out if item.get_closest_marker("drill") is not None)
    if drills:
        terminalreporter.write_line(f"not run here: {drills} drills, which take long; make drills runs them")
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"skipped: {report.nodeid}: {reason}")
    if not skipped:
        terminalreporter.write_line("skipped: nothing")

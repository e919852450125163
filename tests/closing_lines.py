"""The order of a run, who runs what beside whom, and the last lines: what was not run, and why."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
STACK = "the whole stack"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests that need the whole stack come last, so that it does not run beside all the others; or,
    where several processes share a run, first, so that one of them can begin with it."""
    is_shared = hasattr(config, "workerinput")
    items.sort(key=lambda item: (item.get_closest_marker("stack") is not None) is not is_shared)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """A file stays in one process, and all that need the whole stack in the same one: there is one stack.

    xdist's own groups do nothing under pytest 9.2, which keeps the id of a test where xdist does not look."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid.split("::")[0])

    return ByFile(config, log)


@cache
def scope_of(path: str) -> str:
    return STACK if "pytest.mark.stack" in (ROOT / path).read_text() else path


class DrillCount:
    """How many drills were left out, by the process that asked for the run or by those it started."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.left_out = 0

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.left_out += sum(1 for item in items if item.get_closest_marker("drill") is not None)
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["drills"] = self.left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        # Each process collects all the tests, so each leaves out as many.
        self.left_out = getattr(node, "workeroutput", {}).get("drills", self.left_out)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(DrillCount(config), "drill-count")


@pytest.hookimpl(hookwrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter):  # type: ignore[no-untyped-def]
    yield
    count = terminalreporter.config.pluginmanager.get_plugin("drill-count")
    if isinstance(count, DrillCount) and count.left_out:
        terminalreporter.write_line(
            f"not run here: {count.left_out} drills, which take long; make drills runs them"
        )
    skipped = terminalreporter.stats.get("skipped", [])
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"skipped: {report.nodeid}: {reason}")
    if not skipped:
        terminalreporter.write_line("skipped: nothing")

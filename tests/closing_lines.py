"""The order of a run, who runs what beside whom, and the last lines: what was not run, and why."""

from typing import Any

import pytest

STACK = "the whole stack"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file stays together. The tests that need the whole stack are one line of work: the last of a run,
    or, where several processes share it, one of them from the start."""
    is_shared = config.getoption("numprocesses", None) or hasattr(config, "workerinput")
    items.sort(key=lambda item: _needs_stack(item) is not bool(is_shared))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(STACK if _needs_stack(item) else item.nodeid.split("::")[0]))


def _needs_stack(item: pytest.Item) -> bool:
    return item.get_closest_marker("stack") is not None


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
    if count.left_out:
        terminalreporter.write_line(
            f"not run here: {count.left_out} drills, which take long; make drills runs them"
        )
    skipped = terminalreporter.stats.get("skipped", [])
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"skipped: {report.nodeid}: {reason}")
    if not skipped:
        terminalreporter.write_line("skipped: nothing")

"""Flows as processes of their own, that a test can kill and start again as a supervisor would."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from tests.stack import ROOT


class FlowProcess:
    """One flow; `kill` is kill -9."""

    def __init__(self, flow: str, environment: dict[str, str]) -> None:
        self.flow = flow
        self._environment = environment
        self._log: IO[bytes] = (Path(environment["CONTRAIL_HOME"]) / f"{flow}.log").open("ab")
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines.run", self.flow],
            env=self._environment,
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
        )

    def kill_and_start_again(self) -> None:
        """Kill -9 what may have ended by itself already, which a test has to know."""
        assert self._process.poll() is None, f"{self.flow} ended by itself: {self.said()[-2000:]}"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=30)
        self._process = self._start()

    def said(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)
        self._log.close()

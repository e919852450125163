"""Programs of ours as the processes they are, each on a free port of this machine."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from tests.databases import HOST, free_port

START_LIMIT_SECONDS = 90
STOP_LIMIT_SECONDS = 10
POLL_SECONDS = 0.05


class ServedProgram:
    """One program under uvicorn. It can be killed and started again on the same port."""

    def __init__(self, target: str, log: Path, environment: dict[str, str] | None = None) -> None:
        """`target` as uvicorn names it; its environment is this process's and `environment`."""
        self.port = free_port()
        self._target = target
        self._log = log
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", self._target]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", HOST, "--port", str(self.port), "--no-access-log"],
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(self._log.read_text())
            try:
                httpx2.get(f"{self.url}/healthz", timeout=1).raise_for_status()
            except httpx2.TransportError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise TimeoutError(f"{self._target} was not ready in {START_LIMIT_SECONDS} s")

    def kill(self) -> None:
        """End it without a goodbye, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_LIMIT_SECONDS)
            self._process = None

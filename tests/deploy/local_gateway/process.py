"""Start and stop a real sandbox gateway on a free port, for the tests that need a payment provider."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

START_LIMIT_SECONDS = 90
STOP_LIMIT_SECONDS = 10
POLL_SECONDS = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GatewayProcess:
    """One gateway over one ledger. It can be killed and started again on the same port and ledger."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "deploy.local.sandbox_gateway:app"]
        with (self.home / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"],
                env=os.environ | {"CONTRAIL_HOME": str(self.home)},
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError((self.home / "gateway.log").read_text())
            try:
                httpx2.get(f"{self.url}/healthz", timeout=1).raise_for_status()
            except httpx2.TransportError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise TimeoutError(f"the gateway was not ready in {START_LIMIT_SECONDS} s")

    def kill(self) -> None:
        """End it without a goodbye, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_LIMIT_SECONDS)
            self._process = None

"""Stripe's own mock, built by Go: it holds every request against Stripe's published description."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.databases import free_port

PACKAGE = "github.com/stripe/stripe-mock@v0.203.0"
FOLDER = Path(tempfile.gettempdir()) / "contrail-tools"
BUILD_LIMIT_SECONDS = 500
START_LIMIT_SECONDS = 30
POLL_SECONDS = 0.05


def find_or_build() -> Path | None:
    """The program; None where there is neither it nor a Go to build it with."""
    there = shutil.which("stripe-mock") or shutil.which("stripe-mock", path=str(FOLDER))
    if there:
        return Path(there)
    go = shutil.which("go")
    if go is None:
        return None
    FOLDER.mkdir(exist_ok=True)
    built = subprocess.run(
        [go, "install", PACKAGE],
        env=os.environ | {"GOBIN": str(FOLDER)},
        capture_output=True,
        timeout=BUILD_LIMIT_SECONDS,
        check=False,
    )
    return FOLDER / "stripe-mock" if built.returncode == 0 else None


@contextmanager
def running(program: Path) -> Iterator[str]:
    """Its address, while it runs on loopback."""
    port = free_port()
    process = subprocess.Popen(
        [str(program), "-http-addr", f"127.0.0.1:{port}", "-strict-version-check=false"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("stripe-mock ended by itself")
        try:
            httpx2.get(url, timeout=1)
        except httpx2.TransportError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise TimeoutError("stripe-mock does not listen")

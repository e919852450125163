"""A chromium for the browser test: the one that is here, else one that can be fetched.

`python -m deploy.local.browser` prints where it is. A machine without any is not an error: the browser
test then says on its last lines that it was skipped, and why.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FETCH_LIMIT_SECONDS = 300


def find_browser() -> str | None:
    """The path of a chromium: on PATH, or the one Playwright keeps."""
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def fetch_browser() -> str | None:
    """Ask Playwright for its own chromium, then Debian for its package when we may install one."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.getuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for command in attempts:
        print(f"[browser] trying {' '.join(command[-3:])}", file=sys.stderr)
        try:
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=FETCH_LIMIT_SECONDS, check=False)  # fmt: skip
        except subprocess.TimeoutExpired:
            print("[browser] no answer in time; going on without", file=sys.stderr)
        found = find_browser()
        if found is not None:
            return found
    return None


def main() -> int:
    found = find_browser() or fetch_browser()
    if found is None:
        print(
            "[browser] none found and none could be fetched; the browser test will be skipped",
            file=sys.stderr,
        )
        return 0
    print(f"[browser] {found}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The dashboards in a real browser: one server, every page, both themes, nothing fetched from elsewhere."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browsers import NEEDS_BROWSER, chromium, is_outside
from tests.dashboards.live_rows import add_score, add_signal
from tests.dashboards.marts import publish

ROOT = Path(__file__).parents[2]
START_LIMIT_SECONDS = 60
DRAW_LIMIT_MILLISECONDS = 30_000
# Address of the page -> a heading that is only drawn once its figures are there, and its charts.
PAGES = {
    "": ("Bookings a day, last 28 days", 1),
    "revenue": ("Fares by cabin and fare class", 4),
    "inventory": ("Seats of the 25 departures with the most sold", 2),
    "fraud-desk": ("Payment decisions a day, last 28 days", 2),
    "data-quality": ("Quarantine", 2),
}

pytestmark = [pytest.mark.postgres, *NEEDS_BROWSER]


@pytest.fixture
def address(home: Path, live: psycopg.Connection[tuple[object, ...]]) -> Iterator[str]:
    """A running server over a published file and a core with one attack in it."""
    now = datetime.now(UTC)
    publish(home, as_of=now)
    add_signal(live, "s1", now)
    add_score(live, 70, now + timedelta(hours=1), "k1:aa")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", "dashboards/streamlit_app.py"),
            *("--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"),
        ],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(10)


def wait_until_healthy(server: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            if httpx2.get(f"{url}/_stcore/health").status_code == 200:
                return
        except httpx2.ConnectError:
            time.sleep(0.1)
    raise AssertionError("the server did not become healthy")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_drawn_in_a_browser(theme: str, address: str, tmp_path: Path) -> None:
    outside: list[str] = []
    with chromium() as browser:
        context = browser.new_context(
            viewport={"width": 1400, "height": 1600},
            color_scheme="dark" if theme == "dark" else "light",
        )
        page = context.new_page()
        page.set_default_timeout(DRAW_LIMIT_MILLISECONDS)
        page.on("request", lambda request: outside.append(request.url) if is_outside(request.url) else None)
        for path, (heading, charts) in PAGES.items():
            page.goto(f"{address}/{path}")
            assert_drawn(page, heading, charts)
            page.screenshot(path=tmp_path / f"{path or 'home'}_{theme}.png", full_page=True)

    assert outside == []


def assert_drawn(page: Page, heading: str, charts: int) -> None:
    page.get_by_role("heading", name=heading).wait_for()
    drawn = page.locator("[data-testid='stVegaLiteChart'] :is(canvas, svg)")
    drawn.nth(charts - 1).wait_for()
    assert page.locator("[data-testid='stException']").count() == 0
    assert page.locator("[data-testid='stAlertContentError']").count() == 0
    assert page.locator("h1").count() == 1


def test_a_filter_is_kept_in_the_address(address: str) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(DRAW_LIMIT_MILLISECONDS)
        page.goto(f"{address}/revenue?route=JFK-LHR&created=7+days")
        page.get_by_role("heading", name="Fares by cabin and fare class").wait_for()

        # By its name, and waited for: a page is drawn card by card, in no order that could be counted on.
        bookings = page.locator("[data-testid='stMetric']").filter(has_text="Bookings").first
        expect(bookings.locator("[data-testid='stMetricValue']")).to_have_text("7")
        page.get_by_role("radio", name="28 days").click()
        page.wait_for_url("**/revenue?route=JFK-LHR")

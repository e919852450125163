"""The documentation page: every file of it comes from here, and a browser can use it."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from app.core.config import Environment, get_settings
from app.core.ids import uuid7
from app.core.openapi.pages import PAGE, Asset
from app.core.security import Role, mint_access_token
from tests.browsers import NEEDS_BROWSER, chromium, is_outside
from tests.served import ServedProgram

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

DRAW_LIMIT_MILLISECONDS = 60_000


async def test_page_names_no_address_but_ours(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")

    assert answer.status_code == 200
    assert re.findall(r'(?:src|href)="([^"]+)"', answer.text) == [
        "/docs/favicon.png", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js",
    ]  # fmt: skip
    assert "//" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "http" not in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize(
    ("asset", "media"),
    [
        (Asset.BUNDLE, "text/javascript"),
        (Asset.START, "text/javascript"),
        (Asset.STYLE, "text/css"),
        (Asset.ICON, "image/png"),
    ],
)
async def test_file_of_the_page_is_kept_by_a_browser_and_asked_for_by_its_tag(
    client: httpx2.AsyncClient, asset: Asset, media: str
) -> None:
    answer = await client.get(f"/docs/{asset}")
    again = await client.get(f"/docs/{asset}", headers={"if-none-match": answer.headers["etag"]})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    assert "max-age" in answer.headers["cache-control"]
    assert asset in PAGE
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["redoc.standalone.js", "__init__.py", "..%2Fcore.py"])
async def test_nothing_else_of_the_folder_is_served(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/{name}")

    assert answer.status_code in (404, 422)


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css"])
async def test_documentation_page_is_for_the_sandbox(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(get_settings(), "environment", Environment.PRODUCTION)

    assert (await client.get(path)).status_code == 404


@pytest.fixture
def served(core_settings: Path, tmp_path: Path) -> Iterator[ServedProgram]:
    program = ServedProgram("app.main:app", tmp_path / "app.log")
    program.start()
    yield program
    program.kill()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


class TestInABrowser:
    pytestmark = NEEDS_BROWSER

    def test_page_lists_every_operation_and_fetches_nothing_from_elsewhere(
        self, served: ServedProgram, browser: Browser
    ) -> None:
        asked, failed, complaints = [], [], []
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))

        open_documentation(page, served)
        unfold_everything(page)

        document = httpx2.get(f"{served.url}/openapi.json").json()
        # An operation stands below each of its tags.
        shown = sum(
            len(operation["tags"]) for methods in document["paths"].values() for operation in methods.values()
        )
        assert page.locator(".opblock").count() == shown
        assert [url for url in asked if is_outside(url)] == []
        assert (failed, complaints) == ([], [])

    def test_token_given_to_the_page_is_sent_with_a_request_tried_on_it(
        self, served: ServedProgram, browser: Browser
    ) -> None:
        token = mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER])
        page = browser.new_page()
        open_documentation(page, served)

        before = try_my_bookings(page)
        page.locator("button.authorize").first.click()
        page.locator(".modal-ux input").fill(token)
        page.locator(".modal-ux button.authorize").click()
        page.locator(".modal-ux button.btn-done").click()
        after = try_my_bookings(page)

        assert (before, after) == (401, 200)


def open_documentation(page: Page, served: ServedProgram) -> None:
    page.set_default_timeout(DRAW_LIMIT_MILLISECONDS)
    page.goto(f"{served.url}/docs")
    page.locator(".opblock-tag").first.wait_for()


def unfold_everything(page: Page) -> None:
    for tag in page.locator(".opblock-tag").all():
        tag.click()
    page.locator(".opblock-tag-section:not(.is-open)").wait_for(state="detached")


def try_my_bookings(page: Page) -> int:
    """Press `Try it out` and `Execute` on the list of bookings; the status of the answer."""
    operation = page.locator("#operations-bookings-list_bookings")
    if operation.count() == 0:
        page.locator("#operations-tag-bookings").click()
    if operation.locator(".opblock-body").count() == 0:
        operation.locator(".opblock-summary").click()
    if operation.locator("button.execute").count() == 0:
        operation.locator("button.try-out__btn").click()
    with page.expect_response(lambda answer: "/v1/bookings" in answer.url) as answered:
        operation.locator("button.execute").click()
    return answered.value.status

"""Every dashboard page under its own program: does it render, and which figure does it show first?

`python -m deploy.bench.pages [--json]` reads the stack named by the environment and ends with 3 when a page
is not well.
"""

import json
import logging
import re
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.local.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

FOLDER = PROJECT_ROOT / "dashboards"
RENDER_LIMIT_SECONDS = 120
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
PROBLEMS = 3

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class PageResult:
    """One page: `figure` is the first of its figures that is not zero; `error` says why it is not well."""

    name: str
    ok: bool
    figure: float | None
    error: str | None
    seconds: float


@app.command(epilog="Example: python -m deploy.bench.pages --json")
def main(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False) -> None:
    """Render every page against the stack of the environment and print what each shows."""
    results = render_pages()
    if as_json:
        print(json.dumps([asdict(result) for result in results]))
    else:
        for result in results:
            print(f"{result.name:14} {result.figure!s:>12}  {result.seconds:5.2f} s  {result.error or 'ok'}")
    if not all(result.ok for result in results):
        raise typer.Exit(PROBLEMS)


def render_pages() -> list[PageResult]:
    """Run each page as a browser would make it run, in one session that starts on Home."""
    # Outside a server Streamlit says at every start that there is none.
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    from streamlit import logger
    from streamlit.testing.v1 import AppTest

    logger.set_log_level(logging.ERROR)

    from dashboards.queries import PAGES

    session = AppTest.from_file(str(FOLDER / "streamlit_app.py"), default_timeout=RENDER_LIMIT_SECONDS)
    results = []
    for name in PAGES:
        began = time.monotonic()
        # The start page has to run once before a session can turn to another.
        if name == "home":
            session.run()
        else:
            session.switch_page(f"app_pages/{name}.py").run()
        results.append(_judge(name, session, time.monotonic() - began))
    return results


def _judge(name: str, page: "AppTest", seconds: float) -> PageResult:
    figure = first_figure([str(metric.value) for metric in page.metric])
    error = _what_is_wrong(page, figure)
    return PageResult(name, error is None, figure, error, round(seconds, 2))


def _what_is_wrong(page: "AppTest", figure: float | None) -> str | None:
    if page.exception:
        return f"exception: {page.exception[0].message}"
    if page.error:
        return str(page.error[0].value)
    if figure is None:
        shown = [str(box.value) for box in page.info]
        return shown[0] if shown else "no figure that is not zero"
    return None


def first_figure(values: list[str]) -> float | None:
    """The first number in `values` that is not zero, e.g. 10185.0 of "USD 10,185"."""
    for value in values:
        found = NUMBER.search(value)
        if found and (number := float(found.group().replace(",", ""))) != 0:
            return number
    return None


if __name__ == "__main__":
    sys.exit(app())

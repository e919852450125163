"""The pages that the `type` of a problem opens: what each code means."""

from collections.abc import Iterator
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.core.errors import DomainError, NotFound
from app.core.http import FRAMEWORK_PROBLEMS, PROBLEM_RESPONSES

router = APIRouter(prefix="/problems", tags=["platform"], responses=PROBLEM_RESPONSES)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body>{body}</body></html>
"""


def known_problems() -> dict[str, tuple[int, str]]:
    """Every code an answer may carry -> (status, title)."""
    problems = {code: (status, title) for status, (code, title) in FRAMEWORK_PROBLEMS.items()}
    errors: list[type[DomainError]] = [DomainError, *_below(DomainError)]
    for error in errors:
        problems[error.code] = (error.status, error.title)
    return dict(sorted(problems.items()))


def _below(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


@router.get("", summary="List the problems an answer may name", response_class=HTMLResponse, status_code=200)
async def list_problems() -> HTMLResponse:
    rows = "".join(
        f'<li><a href="/problems/{code}"><code>{code}</code></a> ({status}) {escape(title)}</li>'
        for code, (status, title) in known_problems().items()
    )
    return HTMLResponse(PAGE.format(title="Problems", body=f"<h1>Problems</h1><ul>{rows}</ul>"))


@router.get(
    "/{code}", summary="Read what a problem's code means", response_class=HTMLResponse, status_code=200
)
async def get_problem(code: str) -> HTMLResponse:
    known = known_problems().get(code)
    if known is None:
        raise NotFound("no answer carries this code")
    status, title = known
    body = f"<h1>{escape(title)}</h1><p>Code <code>{code}</code>, status {status}.</p>"
    return HTMLResponse(PAGE.format(title=escape(title), body=body))

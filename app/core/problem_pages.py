"""The pages that the `type` of a problem opens: what each code means."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
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


# What to do, where an error does not say it itself.
ADVICE = {
    400: "Repair the request as `detail` says; sending it again unchanged gives the same answer.",
    401: "Log in with POST /v1/auth/token and send the access token as `Authorization: Bearer`.",
    403: "Ask as somebody whose role or scope allows it; this caller will always be refused.",
    404: "Check the id. What belongs to somebody else is answered in the same way as what does not exist.",
    405: "The OpenAPI document lists the methods of each address.",
    409: "Read the present state again and decide anew. With a Retry-After header, repeat the same request "
    "under the same Idempotency-Key after that time.",
    412: "Read it again, apply your change to what it is now, and send that with its ETag.",
    413: "Send less at a time.",
    415: "Send JSON, with `Content-Type: application/json`.",
    422: "`errors` point at the fields; nothing was written.",
    428: "Read it first, and send its ETag in If-Match.",
    429: "Wait for the seconds in Retry-After. The RateLimit headers of every answer say what is left.",
    500: "Repeat under the same Idempotency-Key: what was done is not done twice. If it stays, name the "
    "request id to us.",
    503: "Repeat under the same Idempotency-Key after the seconds in Retry-After.",
}


@dataclass(frozen=True)
class KnownProblem:
    """What can be told of a code. `meaning` is empty where the title says it all."""

    status: int
    title: str
    meaning: str
    advice: str


def known_problems() -> dict[str, KnownProblem]:
    """Every code an answer may carry."""
    problems = {
        code: KnownProblem(status, title, "", _advice(status))
        for status, (code, title) in FRAMEWORK_PROBLEMS.items()
    }
    errors: list[type[DomainError]] = [DomainError, *_below(DomainError)]
    for error in errors:
        # An own docstring only: each class would otherwise inherit its parent's.
        meaning = inspect.cleandoc(error.__dict__.get("__doc__") or "")
        advice = error.advice or _advice(error.status)
        problems[error.code] = KnownProblem(error.status, error.title, meaning, advice)
    return dict(sorted(problems.items()))


def _advice(status: int) -> str:
    return ADVICE.get(status, ADVICE[500 if status >= 500 else 400])


def _below(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


@router.get("", summary="List the problems an answer may name", response_class=HTMLResponse, status_code=200)
async def list_problems() -> HTMLResponse:
    rows = "".join(
        f'<li><a href="/problems/{code}"><code>{code}</code></a> ({known.status}) {escape(known.title)}</li>'
        for code, known in known_problems().items()
    )
    return HTMLResponse(PAGE.format(title="Problems", body=f"<h1>Problems</h1><ul>{rows}</ul>"))


@router.get(
    "/{code}", summary="Read what a problem's code means", response_class=HTMLResponse, status_code=200
)
async def get_problem(code: str) -> HTMLResponse:
    known = known_problems().get(code)
    if known is None:
        raise NotFound("no answer carries this code")
    said = "".join(f"<p>{escape(text)}</p>" for text in (known.meaning, known.advice) if text)
    body = f"<h1>{escape(known.title)}</h1><p>Code <code>{code}</code>, status {known.status}.</p>{said}"
    return HTMLResponse(PAGE.format(title=escape(known.title), body=body))

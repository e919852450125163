"""What may come in over the wire: how much of a body is read, of what kind, how deep, and with which text."""

import json
import re
from typing import Any

from starlette.types import Message, Receive, Scope

from app.core.errors import BadRequest, TooLarge, Unprocessable, UnsupportedMediaType

BODY_LIMIT_BYTES = 64 * 1024
# No document of ours nests deeper than ten; a parser that recurses must not be led further.
MAX_DEPTH = 32
JSON_MEDIA = re.compile(r"application/(json|[a-z0-9.\-]+\+json)$")
# What is no JSON by its nature: a schedule file in the industry's own format.
TEXT_PATHS = ("/ssim",)
# An airline's season is some thousand records of 200 columns.
TEXT_LIMIT_BYTES = 1024 * 1024
# As many cabins as may be set at once, each with all of its classes.
BATCH_LIMIT_BYTES = 256 * 1024
LARGER_LIMITS = {"/ssim": TEXT_LIMIT_BYTES, "/inventory/controls": BATCH_LIMIT_BYTES}

_STRING = re.compile(rb'"(?:\\.|[^"\\])*"')
_BRACKET = re.compile(rb"[\[\]{}]")


class TooDeep(Unprocessable):
    code = "body_too_deep"
    title = "The request body nests too deeply"


class TextUnstorable(Unprocessable):
    code = "text_unstorable"
    title = "The request holds text that cannot be stored"


async def whole_body(headers: dict[str, str], path: str, receive: Receive) -> bytes:
    """The body, as much of it as this address may be sent. Raises TooLarge."""
    larger = (limit for ending, limit in LARGER_LIMITS.items() if path.endswith(ending))
    limit = next(larger, BODY_LIMIT_BYTES)
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"at most {limit} bytes are read")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge(f"at most {limit} bytes are read")
        if not message.get("more_body", False):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, once, and then goes on as before."""
    pending = [body]

    async def replayed() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replayed


def refuse_other_media(headers: dict[str, str], path: str, body: bytes) -> None:
    """A body is JSON and says so. Raises UnsupportedMediaType."""
    if not body:
        return
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if path.endswith(TEXT_PATHS) and media == "text/plain":
        return
    if not JSON_MEDIA.match(media):
        raise UnsupportedMediaType("send the body as application/json")


def refuse_depth(body: bytes) -> None:
    """Raises TooDeep for what opens more than MAX_DEPTH brackets within each other."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            raise TooDeep(f"at most {MAX_DEPTH} levels are read")


def refuse_unstorable_text(scope: Scope, body: bytes) -> None:
    """Refuse NUL and lone surrogates, which are valid in JSON and impossible in a text column.

    Raises BadRequest for the address, TextUnstorable with a pointer for the body."""
    if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
        raise BadRequest("the address of a request holds no NUL")
    # Only an escape can bring either into well-formed JSON, and hardly any body holds one.
    if b"\\u" not in body:
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return  # the route's own parser answers for what is not JSON
    pointer = _unstorable(document)
    if pointer is not None:
        raise TextUnstorable("text holds neither NUL nor half a surrogate pair", pointer=pointer)


def _unstorable(document: Any) -> str | None:
    """The pointer of the first such text, found without recursion: a body may nest deeply."""
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, dict):
            for key, member in value.items():
                if not _storable(key):
                    return pointer or "/"
                pending.append((f"{pointer}/{key}", member))
        elif isinstance(value, list):
            pending.extend((f"{pointer}/{index}", member) for index, member in enumerate(value))
        elif isinstance(value, str) and not _storable(value):
            return pointer or "/"
    return None


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)

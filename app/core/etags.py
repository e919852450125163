"""Editing what another may have edited since: ETag out, If-Match in."""

from typing import Annotated

from fastapi import Depends, Header, Response

from app.core.errors import DomainError


class PreconditionFailed(DomainError):
    status = 412
    code = "precondition_failed"
    title = "It has been changed since it was read; read it again"


class PreconditionRequired(DomainError):
    status = 428
    code = "precondition_required"
    title = "This route needs an If-Match header with the ETag that was read"


class Expected:
    """The version a caller has read and means to replace."""

    def __init__(self, tags: frozenset[str]) -> None:
        self._tags = tags

    def ensure(self, version: int) -> None:
        """Raises PreconditionFailed when the present version is another. `*` is any version."""
        if "*" not in self._tags and etag_of(version) not in self._tags:
            raise PreconditionFailed()


def etag_of(version: int) -> str:
    """A strong validator: each version of a row is another representation."""
    return f'"v{version}"'


def tag(response: Response, version: int) -> None:
    response.headers["etag"] = etag_of(version)


def _if_match(
    if_match: Annotated[
        str | None, Header(max_length=200, description="The ETag of what was read", examples=['"v3"'])
    ] = None,
) -> Expected:
    if if_match is None:
        raise PreconditionRequired()
    return Expected(frozenset(part.strip() for part in if_match.split(",")))


# A route that replaces or edits takes `expected: IfMatch`; its service calls `expected.ensure(row.version)`
# after it has locked the row.
IfMatch = Annotated[Expected, Depends(_if_match)]

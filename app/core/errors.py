"""Expected refusals: each has a status and a stable code, and is translated to HTTP once, in core.http."""

from collections.abc import Sequence


class DomainError(Exception):
    """A refusal a caller can understand. Domains declare subclasses in their errors.py."""

    status = 400
    code = "bad_request"
    title = "The request cannot be carried out"
    # What a caller should do, on the page of the code; None: what is right for every error of its status.
    advice: str | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        pointer: str | None = None,
        retry_after_seconds: int | None = None,
        errors: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`errors` are (pointer, detail) where there are many; otherwise `pointer` is that of `detail`."""
        super().__init__(detail or self.title)
        self.detail = detail
        self.pointer = pointer
        self.retry_after_seconds = retry_after_seconds
        self.errors = errors


class BadRequest(DomainError):
    pass


class Unauthorized(DomainError):
    status = 401
    code = "unauthorized"
    title = "Who is calling is not known"


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    title = "The caller may not do this"


class NotFound(DomainError):
    status = 404
    code = "not_found"
    title = "There is nothing here that the caller may see"


class Conflict(DomainError):
    status = 409
    code = "conflict"
    title = "The present state does not allow this"


class TooLarge(DomainError):
    status = 413
    code = "body_too_large"
    title = "The request body is too large"


class UnsupportedMediaType(DomainError):
    status = 415
    code = "unsupported_media_type"
    title = "The request body is of a kind this route does not read"


class Unprocessable(DomainError):
    status = 422
    code = "unprocessable"
    title = "The request is malformed"


class TooManyRequests(DomainError):
    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class Unavailable(DomainError):
    status = 503
    code = "unavailable"
    title = "The service cannot answer now"

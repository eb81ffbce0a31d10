"""Errors: every way in which a call can fail.

    PostHogError
    ├── ConfigurationError (ValueError)      nothing was sent
    ├── APIStatusError                       a response whose status is not a success
    │   ├── BadRequestError         400
    │   ├── AuthenticationError     401
    │   ├── PermissionDeniedError   403, with `required_scope` where the server names it
    │   ├── NotFoundError           404
    │   ├── ConflictError           409
    │   ├── RateLimitError          429, with `retry_after`
    │   ├── RedirectError           3xx, with `location`
    │   └── ServerError             5xx
    ├── TransportError                       no usable response
    │   ├── DeadlineExceeded (TimeoutError)  the time for the call ran out
    │   └── OutcomeUnknown                   a change may or may not have happened
    ├── MalformedResponseError               a response that does not follow the API
    ├── PagingError                          a next link leads nowhere, or back
    └── JournalError                         the journal of a job cannot be written

Invalid arguments raise `TypeError` or `ValueError` before anything is sent. No error holds the API key. Every error
can be pickled, so that worker processes can pass it on.
"""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = [
    "APIStatusError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceeded",
    "JournalError",
    "MalformedResponseError",
    "NotFoundError",
    "OutcomeUnknown",
    "PagingError",
    "PermissionDeniedError",
    "PostHogError",
    "RateLimitError",
    "RedirectError",
    "ServerError",
    "TransportError",
    "fields_of",
    "printable",
    "status_error_class",
]


def _rebuild(cls: type[PostHogError], message: str, state: dict[str, Any]) -> PostHogError:
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class PostHogError(Exception):
    """Base of all errors of this package.

    Attributes:
        hint: The advice at the end of the message; empty if there is none.
    """

    hint: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self), self.__dict__.copy())


class ConfigurationError(PostHogError, ValueError):
    """A setting is missing or invalid. Nothing was sent; the message says what to do."""


class APIStatusError(PostHogError):
    """The status of the response is not a success, or its body says `success: false`.

    Attributes:
        status_code: HTTP status of the response, any integer.
        type: Kind of error in the API's terms, such as "validation_error"; None if the body does not say.
        code: Finer kind, such as "invalid_input"; None if the body does not say.
        detail: The server's explanation; None if the body has none.
        attr: Name of the field that is wrong; nested names are joined by two underscores. Often None.
        body: The decoded JSON of the response; its text if it is not JSON.
        request_id: Value of the header X-Request-Id, to quote to support; None if the response has none.
    """

    status_code: int
    type: str | None
    code: str | None
    detail: str | None
    attr: str | None
    body: object
    request_id: str | None

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        body: object = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        fields = fields_of(body)
        self.status_code = status_code
        self.type = _text(fields.get("type"))
        self.code = _text(fields.get("code"))
        self.detail = _text(fields.get("detail"))
        self.attr = _text(fields.get("attr"))
        self.body = body
        self.request_id = request_id


class BadRequestError(APIStatusError):
    """400: the request is invalid."""


class AuthenticationError(APIStatusError):
    """401: there is no API key, or the server does not know it."""


class PermissionDeniedError(APIStatusError):
    """403: the API key lacks a scope, or has no access to the project.

    Attributes:
        required_scope: The scope that the server names, such as "person:read"; None if it names none.
    """

    required_scope: str | None = None


class NotFoundError(APIStatusError):
    """404: there is no such person or project, or the server does not know the prefix."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the present state."""


class RateLimitError(APIStatusError):
    """429: the quota is used up, according to the server or to the client's own rate limiter.

    Attributes:
        retry_after: Seconds until the next request may be sent; None if that is not known.
    """

    retry_after: float | None = None


class RedirectError(APIStatusError):
    """3xx: the server redirects, and the client does not follow.

    Attributes:
        location: The header Location as it came; None if it is missing or unreadable.
    """

    location: str | None = None


class ServerError(APIStatusError):
    """5xx: the server failed."""


class TransportError(PostHogError):
    """No usable response: no connection, a failed handshake, or a connection that broke."""


class DeadlineExceeded(TransportError, TimeoutError):
    """The call ran out of time. It changed nothing."""


class OutcomeUnknown(TransportError):
    """A change may or may not have happened: it was sent, and no clear response came. It was not repeated.

    Read the person before you try again.
    """


class MalformedResponseError(PostHogError):
    """The response does not follow the API: a page of HTML, broken JSON, a row without a uuid, or too many bytes.

    Attributes:
        status_code: HTTP status of the response.
        body: The body, decompressed, as far as it was read.
    """

    status_code: int
    body: bytes

    def __init__(self, message: str, *, status_code: int, body: bytes = b"") -> None:
        super().__init__(message)
        self.status_code = status_code
        self.body = body


class PagingError(PostHogError):
    """A next link leads nowhere or back, or too many pages in a row are empty."""


class JournalError(PostHogError):
    """The journal of a job cannot be written, so the job has stopped.

    A change is sent only after its journal entry was written. The same call with the same journal continues the job.
    """


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}


def status_error_class(status_code: int) -> type[APIStatusError]:
    """Return the error class for a status; unregistered statuses are allowed."""
    if 300 <= status_code < 400:
        return RedirectError
    if 500 <= status_code < 600:
        return ServerError
    return _BY_STATUS.get(status_code, APIStatusError)


def fields_of(body: object) -> dict[str, object]:
    """Return the fields of an error body; an empty dict if it is not an object."""
    return cast("dict[str, object]", body) if isinstance(body, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


# C0, DEL, C1, direction marks and line separators: a server must not be able to repaint a terminal or to forge a log
# line.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def escaped(text: str) -> str:
    """Return a server's text as one line that is safe in a terminal, a log or a page."""
    return _UNPRINTABLE.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), text)


def printable(text: str, limit: int = 300) -> str:
    """Return a server's text as one line that is safe in a terminal or log, cut to `limit` characters."""
    line = escaped(text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"

"""Every way in which a call can end without a value.

    PostHogError
    ├── ConfigurationError (ValueError)      nothing was sent
    ├── APIStatusError                       the server answered, and said no
    │   ├── BadRequestError         400
    │   ├── AuthenticationError     401
    │   ├── PermissionDeniedError   403, with `required_scope` where the server names it
    │   ├── NotFoundError           404
    │   ├── ConflictError           409
    │   ├── RateLimitError          429, with `retry_after`
    │   ├── RedirectError           3xx, with `location`
    │   └── ServerError             5xx
    ├── TransportError                       no usable answer came
    │   ├── DeadlineExceeded (TimeoutError)  the time for the call ran out
    │   └── OutcomeUnknown                   a change may or may not have happened
    ├── MalformedResponseError               an answer came, but not one of this API
    ├── PagingError                          a next link leads nowhere, or back
    └── JournalError                         the journal of a job cannot be written

Arguments that make no sense raise `TypeError` or `ValueError` before anything is sent. No error holds the API key,
and every error can be pickled, so that worker processes can hand them on.
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
    """Base of all errors of this package; catch it to catch every one of them.

    Attributes:
        hint: What the message advises at its end; empty if nothing.
    """

    hint: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self), self.__dict__.copy())


class ConfigurationError(PostHogError, ValueError):
    """A setting is missing or makes no sense. Nothing was sent; the message says what to do."""


class APIStatusError(PostHogError):
    """The server answered with a status that is not a success, or said `success: false`.

    Attributes:
        status_code: HTTP status of the answer, any integer.
        type: Kind of error as the API names it, such as "validation_error"; None if the body does not say.
        code: Finer kind, such as "invalid_input"; None if the body does not say.
        detail: What went wrong in the server's words; None if the body does not say.
        attr: Name of the field that is wrong, nested ones joined by two underscores; often None.
        body: The decoded JSON of the answer, else its text.
        request_id: Value of the header X-Request-Id, to quote to support; None if there was none.
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
    """400: the request is not what the operation takes."""


class AuthenticationError(APIStatusError):
    """401: no key, or one that the server does not know."""


class PermissionDeniedError(APIStatusError):
    """403: the key is known, but lacks a scope or has no access to the project.

    Attributes:
        required_scope: The scope that the server asks for, such as "person:read"; None if it names none.
    """

    required_scope: str | None = None


class NotFoundError(APIStatusError):
    """404: no such person or project, or a server that does not know the prefix."""


class ConflictError(APIStatusError):
    """409: the request contradicts the present state."""


class RateLimitError(APIStatusError):
    """429: the quota is used up, by the server's word or by the client's own count.

    Attributes:
        retry_after: Seconds until a request may go again; None if nobody knows.
    """

    retry_after: float | None = None


class RedirectError(APIStatusError):
    """3xx: the server points elsewhere, and the client does not follow.

    Attributes:
        location: Where the server points, as it came; None if it did not say or it is unreadable.
    """

    location: str | None = None


class ServerError(APIStatusError):
    """5xx: the server failed."""


class TransportError(PostHogError):
    """No usable answer came: no connection, a failed handshake, a connection that broke."""


class DeadlineExceeded(TransportError, TimeoutError):
    """The time for the call ran out. Nothing was changed by it."""


class OutcomeUnknown(TransportError):
    """A change may or may not have happened: it was sent, and no clear answer came. It was not repeated.

    Read the person and look before you try again.
    """


class MalformedResponseError(PostHogError):
    """An answer came, but not one of this API: a page of HTML, broken JSON, a row without a uuid, too many bytes.

    Attributes:
        status_code: HTTP status of the answer.
        body: The bytes that came, decompressed, as far as they were read.
    """

    status_code: int
    body: bytes

    def __init__(self, message: str, *, status_code: int, body: bytes = b"") -> None:
        super().__init__(message)
        self.status_code = status_code
        self.body = body


class PagingError(PostHogError):
    """A next link leads nowhere or back, or page after page is empty."""


class JournalError(PostHogError):
    """The journal of a job cannot be written, so that the job has stopped.

    What was not written down before was not sent. The same call with the same journal goes on from there.
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
    """Return the class of error for a status; statuses that nobody registered are welcome."""
    if 300 <= status_code < 400:
        return RedirectError
    if 500 <= status_code < 600:
        return ServerError
    return _BY_STATUS.get(status_code, APIStatusError)


def fields_of(body: object) -> dict[str, object]:
    """Return the fields of an error body; none if it is no object."""
    return cast("dict[str, object]", body) if isinstance(body, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


# C0, DEL and C1, the marks that turn the direction of writing, and line separators: a server must not be able to
# repaint a terminal or forge a line of a log.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def escaped(text: str) -> str:
    """Return text of a server as one line that is safe in a terminal, a log or a page."""
    return _UNPRINTABLE.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), text)


def printable(text: str, limit: int = 300) -> str:
    """Return text of a server as one line that is safe in a terminal or log, and not longer than `limit`."""
    line = escaped(text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"

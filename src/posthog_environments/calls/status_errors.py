"""Status errors: build the error for a response that is not a success, with a hint on what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from posthog_environments.errors import (
    APIStatusError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    fields_of,
    printable,
    status_error_class,
)

__all__ = ["ErrorResponse", "FailedCall", "is_byte_budget", "location", "server_detail", "status_error"]

# Error bodies of the API are short. Decoding a body of many megabytes would double its memory.
MAX_ERROR_BODY = 1 << 20


class ErrorResponse(Protocol):
    """The parts of a response that an error is built from."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with names in lower case."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def url(self) -> str:
        """The URL of the request."""
        ...


@dataclass(frozen=True, slots=True)
class FailedCall:
    """The call that failed, and what the client knows about the server.

    Attributes:
        operation: Name of the call.
        unscoped: Whether servers refuse personal API keys for it with any scope.
        mute: Statuses that say nothing about prefix and project.
        remark: Hint for status 400 and for `final`.
        final: Statuses that are not retried.
        prefix: The prefix in use.
        auto: Whether the client chooses the prefix.
        settled: Whether the server is known to have the prefix.
        found: Whether a response has shown that the project exists.
        origin: Scheme, host and port of the server.
    """

    operation: str
    unscoped: bool
    mute: frozenset[int]
    remark: str
    final: frozenset[int]
    prefix: str
    auto: bool
    settled: bool
    found: bool
    origin: tuple[str, str, int]


def location(response: ErrorResponse) -> str | None:
    """Return the absolute URL of a redirect; None if it is missing or unreadable."""
    given = response.headers.get("location")
    if given is None:
        return None
    try:
        return urljoin(response.url, given)
    except ValueError:
        return None


def status_error(call_info: FailedCall, response: ErrorResponse, wait: float | None) -> APIStatusError:
    """Return the error for a response; `wait` is its Retry-After in seconds."""
    body = _body(response)
    said = server_detail(response) or (printable(body.strip()) if isinstance(body, str) else "")
    status = response.status_code
    message = f"{call_info.operation}: {status}" + (f", {said}" if said else "")
    target = f" {_target(response)}" if 300 <= status < 400 else ""
    hint = _hint(call_info, response)
    if (hint or target) and not message.endswith((".", "!", "?")):
        message += "."
    message += target + (f" {hint}" if hint else "")
    error = status_error_class(status)(
        message, status_code=status, body=body, request_id=response.headers.get("x-request-id")
    )
    error.hint = hint
    if isinstance(error, RateLimitError):
        error.retry_after = wait
    elif isinstance(error, RedirectError):
        error.location = response.headers.get("location")
    elif isinstance(error, PermissionDeniedError):
        error.required_scope = _required_scope(error.detail)
    return error


def is_byte_budget(response: ErrorResponse) -> bool:
    """Return whether a 429 is about the bytes that queries may read, not about the number of requests."""
    return fields_of(_body(response)).get("code") == "api_queries_budget_exceeded"


def server_detail(response: ErrorResponse) -> str:
    """Return the server's explanation, safe to print; empty if the body has none in the API's form."""
    detail = fields_of(_body(response)).get("detail")
    return printable(detail.strip()) if isinstance(detail, str) else ""


def _hint(call_info: FailedCall, response: ErrorResponse) -> str:
    """Return what to try next; empty if the client has tried it all itself."""
    status = response.status_code
    if call_info.remark and (status == 400 or status in call_info.final):
        return call_info.remark
    if status == 429 and is_byte_budget(response):
        return (
            "The budget of bytes that queries may read is used up. Ask for a shorter period or fewer values, or wait "
            "until it is refilled."
        )
    if status == 401:
        return "Check POSTHOG_PERSONAL_API_KEY, and that host is the region of the key."
    if status == 403 and call_info.unscoped:
        return "Servers refuse personal API keys for this operation, with any scope."
    if status == 404 and status not in call_info.mute:
        return _not_found(call_info)
    if 300 <= status < 400:
        return _follow(call_info, response)
    return ""


def _not_found(call_info: FailedCall) -> str:
    if call_info.found:
        return ""
    if not call_info.auto:
        return (
            f"Nothing under /api/{call_info.prefix}/ has been found so far: check host, project_id and id, or let "
            'prefix="auto" choose the path.'
        )
    if not call_info.settled:
        return "The paths under /api/environments/ and under /api/projects/ were both tried: check host and project_id."
    return "Nothing of this project has been found so far: check project_id and id."


def _target(response: ErrorResponse) -> str:
    given = response.headers.get("location")
    return "It does not say where to." if given is None else f"It leads to {printable(given, 200)}."


def _follow(call_info: FailedCall, response: ErrorResponse) -> str:
    """Return the hint for a redirect, which is not followed."""
    scheme, host, port = call_info.origin
    try:
        parts = urlsplit(location(response) or "")
        theirs = parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        theirs = scheme, host, port
    if theirs[0] in ("http", "https") and theirs != (scheme, host, port):
        return (
            "Redirects are not followed, because they would carry the key; "
            "if that is the right server, give it as host."
        )
    return "Redirects are not followed; check host and project_id."


def _body(response: ErrorResponse) -> object:
    """Decode the body of an error: JSON if possible, else the text of its first megabyte."""
    from posthog_environments_api.records import DecodeError

    from posthog_environments.results.decoding import loads

    if len(response.content) <= MAX_ERROR_BODY:
        with suppress(DecodeError):
            return loads(response.content)
    return response.content[:MAX_ERROR_BODY].decode("utf-8", "replace")


def _required_scope(detail: str | None) -> str | None:
    import re

    match = re.search(r"\b([a-z_]+:(?:read|write))\b", detail or "")
    return match.group(1) if match else None

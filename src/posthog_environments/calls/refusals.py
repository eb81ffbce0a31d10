"""What the error says of an answer that is no success: the server's words, where it leads, and what to try next."""

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

__all__ = ["Asked", "Refused", "is_of_bytes", "location", "said_in", "status_error"]

# What the API says about an error is short; decoded, a page of many megabytes would take its size in memory again.
MAX_ERROR_BODY = 1 << 20


class Refused(Protocol):
    """An answer, as far as it is looked into here."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by their names in lower case."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def url(self) -> str:
        """What was asked."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and what the client has found out before.

    Attributes:
        operation: Its name.
        unscoped: Whether servers refuse personal keys for it whatever their scopes.
        mute: Statuses that tell nothing about prefix and project.
        remark: What to say of a 400, and of the statuses in `final`.
        final: Statuses that come again each time.
        prefix: The prefix in use.
        auto: Whether the client chooses it.
        settled: Whether the server is known to have it.
        found: Whether the server has shown anything of the project.
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


def location(answer: Refused) -> str | None:
    """Return where a redirect leads, as a whole address; None if it cannot be read."""
    given = answer.headers.get("location")
    if given is None:
        return None
    try:
        return urljoin(answer.url, given)
    except ValueError:
        return None


def status_error(asked: Asked, answer: Refused, wait: float | None) -> APIStatusError:
    """Return the error for an answer; `wait` is what it says about when to come again, in seconds."""
    body = _body(answer)
    said = said_in(answer) or (printable(body.strip()) if isinstance(body, str) else "")
    status = answer.status_code
    message = f"{asked.operation}: {status}" + (f", {said}" if said else "")
    target = f" {_target(answer)}" if 300 <= status < 400 else ""
    hint = _hint(asked, answer)
    if (hint or target) and not message.endswith((".", "!", "?")):
        message += "."
    message += target + (f" {hint}" if hint else "")
    error = status_error_class(status)(
        message, status_code=status, body=body, request_id=answer.headers.get("x-request-id")
    )
    error.hint = hint
    if isinstance(error, RateLimitError):
        error.retry_after = wait
    elif isinstance(error, RedirectError):
        error.location = answer.headers.get("location")
    elif isinstance(error, PermissionDeniedError):
        error.required_scope = _context(error.detail)
    return error


def is_of_bytes(answer: Refused) -> bool:
    """Tell whether a 429 is about the bytes that queries may read, and not about how many requests there were."""
    return fields_of(_body(answer)).get("code") == "api_queries_budget_exceeded"


def said_in(answer: Refused) -> str:
    """Return what the server says in words, safe to show; empty if it says nothing, or not in the API's form."""
    detail = fields_of(_body(answer)).get("detail")
    return printable(detail.strip()) if isinstance(detail, str) else ""


def _hint(asked: Asked, answer: Refused) -> str:
    """Say what to try next, where there is something that the client has not tried itself."""
    status = answer.status_code
    if asked.remark and (status == 400 or status in asked.final):
        return asked.remark
    if status == 429 and is_of_bytes(answer):
        return (
            "The budget of bytes that queries may read is used up: ask for a shorter period or fewer values, or again "
            "when it has filled up."
        )
    if status == 401:
        return "Check POSTHOG_PERSONAL_API_KEY, and that host is the region of the key."
    if status == 403 and asked.unscoped:
        return "Servers refuse personal API keys for this operation, whatever their scopes."
    if status == 404 and status not in asked.mute:
        return _not_found(asked)
    if 300 <= status < 400:
        return _follow(asked, answer)
    return ""


def _not_found(asked: Asked) -> str:
    if asked.found:
        return ""
    if not asked.auto:
        return (
            f"Nothing under /api/{asked.prefix}/ has been found so far: check host, project_id and id, or leave it "
            'to prefix="auto" which of the two paths to use.'
        )
    if not asked.settled:
        return "The paths under /api/environments/ and under /api/projects/ were both tried: check host and project_id."
    return "Nothing of this project has been found so far: check project_id and id."


def _target(answer: Refused) -> str:
    given = answer.headers.get("location")
    return "It does not say where to." if given is None else f"It leads to {printable(given, 200)}."


def _follow(asked: Asked, answer: Refused) -> str:
    """Say what to do about a redirect, which is not followed."""
    scheme, host, port = asked.origin
    try:
        parts = urlsplit(location(answer) or "")
        theirs = parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        theirs = scheme, host, port
    if theirs[0] in ("http", "https") and theirs != (scheme, host, port):
        return "Redirects are not followed, for the key would go along; if that is the right server, give it as host."
    return "Redirects are not followed; check host and project_id."


def _body(answer: Refused) -> object:
    """Decode a body leniently: it comes with an error, and may be a proxy's page. Only its beginning counts."""
    from posthog_environments_api.records import DecodeError

    from posthog_environments.results.decoding import loads

    if len(answer.content) <= MAX_ERROR_BODY:
        with suppress(DecodeError):
            return loads(answer.content)
    return answer.content[:MAX_ERROR_BODY].decode("utf-8", "replace")


def _context(detail: str | None) -> str | None:
    import re

    match = re.search(r"\b([a-z_]+:(?:read|write))\b", detail or "")
    return match.group(1) if match else None

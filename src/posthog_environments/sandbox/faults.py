"""Fault injection: failures that a test orders for the next requests."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from posthog_environments.sandbox.messages import Reply, json_reply

_WORDS: Final[dict[int, tuple[str, str]]] = {
    400: ("validation_error", "invalid_input"),
    401: ("authentication_error", "authentication_failed"),
    402: ("server_error", "quota_limit_exceeded"),
    403: ("authentication_error", "permission_denied"),
    404: ("invalid_request", "not_found"),
    409: ("server_error", "conflict"),
    429: ("throttled_error", "throttled"),
    502: ("server_error", "bad_gateway"),
    503: ("server_error", "unavailable"),
    504: ("server_error", "timeout"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One ordered failure.

    Attributes:
        status: Status of the response.
        retry_after: Seconds of the header Retry-After; None omits it.
        html: Whether the body is an HTML page, as from a proxy.
        after: Whether the request is carried out first, so that only its response is lost.
    """

    status: int
    retry_after: int | None
    html: bool
    after: bool

    def reply(self) -> Reply:
        """Return the response: an error of the API, or the page of a proxy."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.html:
            page = f"<html><head><title>{self.status}</title></head><body><h1>{self.status}</h1></body></html>\n"
            return Reply(self.status, page.encode(), "text/html", headers)
        kind, code = _WORDS.get(self.status, ("server_error" if self.status >= 500 else "invalid_request", "error"))
        body = {"type": kind, "code": code, "detail": "This failure was ordered.", "attr": None}
        return json_reply(body, self.status, headers)


class Faults:
    """Queue of ordered failures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault, times: int) -> None:
        """Order a failure for the next requests."""
        with self._lock:
            self._waiting.extend([fault] * times)

    def take(self) -> Fault | None:
        """Return the failure of the next request, if any."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None
